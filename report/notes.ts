/** What results say of what they leave out: other plans of the same name, and seeds or generations of earlier runs of this one. */
import type { FoundPlan } from '../documents/plans.js';
import { shortDigest } from '../documents/plans.js';

/** Other plans that are named one by one. */
const NAMED = 3;

/** A sentence each; none where nothing is left out. */
export function leftOut({ plan, others, beyond }: FoundPlan): string[] {
  const notes: string[] = [];
  if (others.length > 0) {
    const named = others.slice(0, NAMED).map(({ digest, plan: other, started }) => {
      if (other === undefined) return `${shortDigest(digest)} (damaged)`;
      const seeds = `${other.seeds.length} ${other.seeds.length === 1 ? 'seed' : 'seeds'}`;
      return `${shortDigest(digest)} (${seeds}, generations 0 to ${other.generations}, started ${started!.slice(0, 16).replace('T', ' ')} UTC)`;
    });
    const more = others.length > NAMED ? [`${others.length - NAMED} more`] : [];
    notes.push(
      `${plan.name} was run with other settings, too, which are left out here: plan ${[...named, ...more].join(', ')}; habsburg results ${plan.name} --plan ${shortDigest(others[0].digest)} shows ${others.length === 1 ? 'it' : 'the first'}.`,
    );
  }
  const had = [
    ...(beyond.seeds.length > 0 ? [`${beyond.seeds.length === 1 ? 'seed' : 'seeds'} ${ranges(beyond.seeds)}`] : []),
    ...(beyond.generations === undefined ? [] : [`generations up to ${beyond.generations}`]),
  ];
  if (had.length > 0)
    notes.push(
      `Earlier runs of this plan had ${had.join(' and ')}, which are kept and left out here; run with them again to see them, nothing is computed twice.`,
    );
  return notes;
}

/** "1 to 3, 7, 9 to 12"; of many ranges the first few. */
export function ranges(numbers: readonly number[]): string {
  const found: [number, number][] = [];
  for (const n of numbers) {
    const last = found.at(-1);
    if (last && last[1] === n - 1) last[1] = n;
    else found.push([n, n]);
  }
  const words = found.map(([from, to]) => (from === to ? `${from}` : to === from + 1 ? `${from}, ${to}` : `${from} to ${to}`));
  return words.length <= 5 ? words.join(', ') : `${words.slice(0, 4).join(', ')} … ${words.at(-1)}`;
}
