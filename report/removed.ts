/** What operators removed, changed and copied, by condition, member and generation, as means over the seeds. */
import type { RunIndex } from '../spec/documents.js';
import { formatNumber } from './format.js';
import { thinned } from './summary.js';
import { columns, visible } from './text.js';

/** Rows of generations, at most. */
const GENERATIONS = 16;

export interface Removal {
  readonly condition: string;
  readonly member: string;
  readonly generation: number;
  /** what the member wrote, or the set that it read through operators of its own */
  readonly what: string;
  readonly seeds: number;
  readonly read: number;
  readonly kept: number;
  readonly edited: number;
  /** by operator, in their order */
  readonly removed: readonly (readonly [string, number])[];
  /** by those that say why: OPERATOR/REASON */
  readonly reasons: readonly (readonly [string, number])[];
  /** by those that leave texts several times: how many more there are */
  readonly copies: readonly (readonly [string, number])[];
  /** by detectors that were asked: of held-out texts, accuracy, and how far its probabilities are off */
  readonly detectors: readonly { readonly of: string; readonly accuracy: number; readonly calibrationError: number }[];
}

/** In the order of the runs; none where no operator was at work. */
export function removals(runs: readonly RunIndex[]): Removal[] {
  const found = new Map<
    string,
    { readonly of: Pick<Removal, 'condition' | 'member' | 'generation' | 'what'>; reports: Report[] }
  >();
  for (const { condition, generations } of runs)
    for (const { generation, members } of generations)
      for (const [member, { steps }] of Object.entries(members))
        for (const [step, { report }] of Object.entries(steps)) {
          const what = subjectOf(step);
          if (what === undefined) continue;
          const key = [condition, member, generation, what].join('\n');
          const entry = found.get(key) ?? { of: { condition, member, generation, what }, reports: [] };
          entry.reports.push(report);
          found.set(key, entry);
        }
  const shown = new Set(thinned([...new Set([...found.values()].map(({ of }) => of.generation))].sort((a, b) => a - b), GENERATIONS)); // prettier-ignore
  return [...found.values()]
    .filter(({ of }) => shown.has(of.generation))
    .map(({ of, reports }) => {
      const mean = (name: string) => reports.reduce((sum, report) => sum + Number(report[name] ?? 0), 0) / reports.length;
      const names = [...new Set(reports.flatMap((report) => Object.keys(report)))];
      const means = (prefix: string) =>
        names.filter((name) => name.startsWith(prefix)).map((name) => [name.slice(prefix.length), mean(name)] as const);
      return {
        ...of,
        seeds: reports.length,
        read: mean('read'),
        kept: mean('kept'),
        edited: mean('edited'),
        removed: means('removed/'),
        reasons: means('reason/'),
        copies: means('copies/'),
        detectors: ['first', 'writer']
          .filter((of) => names.includes(`detector/${of}/accuracy`))
          .map((of) => ({
            of,
            accuracy: mean(`detector/${of}/accuracy`),
            calibrationError: mean(`detector/${of}/calibrationError`),
          })),
      };
    })
    .sort((a, b) => order(runs, a) - order(runs, b) || a.member.localeCompare(b.member, 'en') || a.generation - b.generation);
}

type Report = RunIndex['generations'][number]['members'][string]['steps'][string]['report'];

function subjectOf(step: string): string | undefined {
  if (step.startsWith('through-')) return `read of ${step.slice('through-'.length)}`;
  // of a member that mixes its held-out texts, too
  const [whole, split] = /^postprocess(?:-(valid|test))?$/.exec(step) ?? [];
  return whole && (split === undefined ? 'written' : `written for ${split}`);
}

function order(runs: readonly RunIndex[], { condition }: Removal): number {
  return runs.findIndex((run) => run.condition === condition);
}

export const REMOVAL_HEADS = ['condition', 'gen', 'texts', 'read', 'kept', 'changed', 'removed by'] as const;

/** Cells under these heads. */
export function removalCells({
  condition,
  member,
  generation,
  what,
  read,
  kept,
  edited,
  removed,
  reasons,
  copies,
  detectors,
}: Removal): string[] {
  const list = (counts: Removal['removed']) => counts.map(([operator, count]) => `${operator} ${formatNumber(count)}${why(operator)}`).join(', '); // prettier-ignore
  const why = (operator: string) => {
    const own = reasons.filter(([name]) => name.startsWith(`${operator}/`));
    return own.length === 0
      ? ''
      : ` (${own.map(([name, count]) => `${name.slice(operator.length + 1)} ${formatNumber(count)}`).join(', ')})`;
  };
  const tells = detectors.map(({ accuracy, calibrationError }) => `; the detector tells ${formatNumber(accuracy)} right, calibration error ${formatNumber(calibrationError)}`); // prettier-ignore
  const by = list(removed) + (copies.length === 0 ? '' : `; copies by ${list(copies)}`) + tells.join('');
  const numbers = [read, kept, edited].map((count) => formatNumber(count));
  return [condition, String(generation), `${member}, ${what}`, ...numbers, by];
}

/** A table for a terminal; empty where no operator was at work. */
export function renderRemovals(runs: readonly RunIndex[]): string {
  const found = removals(runs);
  if (found.length === 0) return '';
  const rows = [[...REMOVAL_HEADS], ...found.map(removalCells)].map((cells) => cells.map(visible));
  const widths = REMOVAL_HEADS.map((_, i) => Math.max(...rows.map((cells) => columns(cells[i]))));
  const lines = rows.map((cells) => cells.map((cell, i) => cell + ' '.repeat(widths[i] - columns(cell))).join('  ').trimEnd()); // prettier-ignore
  return `What operators did with texts (means over seeds)\n${lines.join('\n')}\n\n`;
}
