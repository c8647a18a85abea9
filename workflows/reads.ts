/** What generations read of those before them, as settings change from phase to phase. Pure, over references that others hold. */
import type { SampleInput } from '../activities/types.js';
import { SELF, lagOf, pastsRead, setsOf, sourcesOf, termsOf, type PastRead, type Term } from '../spec/mixture.js';
import { stagesOf } from '../spec/phases.js';
import type { RunPlan } from '../spec/plan.js';

/** What of a run says how its generations follow each other. */
export type Loop = Pick<RunPlan, 'members' | 'phases'>;

/** Terms that take all that a member wrote in all generations but the last before t, through what the reader's term goes. */
export function everyBefore({ writer, term: { through } }: PastRead, t: number): Term[] {
  return Array.from({ length: t - 1 }, (_, g) => ({
    from: writer,
    generation: g === 0 ? 0 : g - t,
    take: 'all',
    draw: 'redrawn',
    ...(through && { through }),
  }));
}

/** By what terms a member drew before this stage, where it matters now: real records that were new then are not new again. */
export function earlierDraws(run: Loop, name: string, t: number): Pick<SampleInput, 'earlier'> {
  const draws = stagesOf(run)
    .filter(({ from }) => from <= t)
    .map(({ to, members }) => {
      const { mixture, sample } = members.find((one) => one.name === name)!;
      return { to, terms: termsOf(mixture), ...(sample && { sample }) };
    });
  const now = draws.pop()!;
  if (!now.terms.some((one) => setsOf(one, name, t).some(({ kind }) => kind === 'unseen'))) return {};
  const text = (one: (typeof draws)[number]) => JSON.stringify({ ...one, to: 0 });
  const earlier = draws.filter((one, i) => text(one) !== text(draws[i + 1] ?? now));
  return earlier.length === 0 ? {} : { earlier };
}

/** Whether what a member wrote in a generation is read by anybody in generation t + 1 or later; the last one always may be. */
export function stillRead(writer: string, generation: number, t: number, run: Loop): boolean {
  if (generation === t) return true;
  const stages = stagesOf(run);
  return stages.some(({ from, to, members }, i) => {
    const first = Math.max(from, t + 1);
    return (
      to >= first &&
      members.some(({ name, mixture }) => {
        const terms = termsOf(mixture);
        // all of it, where somebody begins to read everything then, or everything through other operators
        const before = stages[i - 1]?.members.find((one) => one.name === name);
        const known = before && pastsRead(termsOf(before.mixture), name).map((past) => past.name);
        const begins = (past: PastRead) => past.writer === writer && !known?.includes(past.name);
        if (from > t && known && pastsRead(terms, name).some(begins)) return true;
        return terms
          .filter((one) => sourcesOf(one).some((source) => (source === SELF ? name : source) === writer))
          .some((one) => {
            const at = generation + (lagOf(one) ?? -Infinity);
            return one.generation === 0 ? generation === 0 : at >= first && at <= to;
          });
      })
    );
  });
}
