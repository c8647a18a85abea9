/** How many seeds show an effect of some size: from how much seeds differed in what was run before. */
import { HabsburgError } from '../common/errors.js';
import { fewest, pairedPower, spreadInterval } from '../statistics/power.js';
import type { Results } from './rows.js';
import { groupBy, summarise, unrelated } from './summary.js';
import { LEVEL, changesOf, measuresAsked, pairs, type ShownTest } from './tests.js';
import { grid } from './tests-table.js';
import { formatNumber } from './format.js';
import { visible, wrap } from './text.js';

/** A size to be seen: `5%` of what is there, or a difference in the metric's unit. */
export interface Detectable {
  readonly text: string;
  readonly relative: boolean;
  /** 0.05 of 5 % */
  readonly size: number;
}

/** @throws HabsburgError for what is no size */
export function detectableOf(text: string): Detectable {
  const [, number, percent] = /^(\d*\.?\d+(?:e-?\d+)?)\s*(%?)$/i.exec(text.trim()) ?? [];
  const size = Number(number) / (percent === '%' ? 100 : 1);
  if (number === undefined || !(size > 0)) throw new HabsburgError('invalid', `--detect ${text} is no size; write a share, 5%, or a difference in the metric's unit, 0.3`); // prettier-ignore
  return { text: text.trim(), relative: percent === '%', size };
}

/** What one test of `compare` would need. */
export interface SeedsNeeded {
  readonly test: ShownTest;
  /** of this test by itself, and corrected among all; absent where a million are too few, or the size does not fit the test's scale */
  readonly seeds?: number;
  readonly together?: number;
  /** the seeds for the ends of the spread's own 95 % interval */
  readonly interval?: readonly [number | undefined, number | undefined];
  /** why there is no number */
  readonly why?: string;
}

/** For every pair of conditions and every change, as `compare` tests them; of tests whose spread is known. */
export function seedsNeeded(
  results: Results,
  effect: Detectable,
  power: number,
  metric: string | undefined,
): readonly SeedsNeeded[] {
  const tests = unrelated(summarise(results, metric === 'all' ? undefined : metric)).flatMap((summary) =>
    measuresAsked(summary, results, metric).flatMap((measure) => [
      ...pairs(summary, measure, summary.series),
      ...changesOf(summary, measure, summary.series),
    ]),
  );
  return tests.map((test): SeedsNeeded => {
    const { kind, spread, n } = test.effect;
    if (spread === undefined) return { test, why: 'one seed has no spread' };
    if (spread === 0) return { test, why: 'the same in all seeds' };
    if (effect.relative === (kind === 'difference')) return { test, why: effect.relative ? 'values that may be 0 or negative have no percentage: give a difference' : 'is tested as a ratio: give a percentage' }; // prettier-ignore
    const size = kind === 'ratio' ? Math.log1p(effect.size) : effect.size;
    const needed = (sd: number, level = LEVEL) => fewest((k) => pairedPower(size, sd, k, { level }), power);
    const [low, high] = spreadInterval(spread, n - 1);
    return {
      test,
      seeds: needed(spread),
      ...(tests.length > 1 && { together: needed(spread, LEVEL / tests.length) }),
      interval: [needed(low), needed(high)],
    };
  });
}

/** @param source where the spread comes from: `plan 0123456789ab of quickstart in …` */
export function renderSeedsNeeded(
  all: readonly SeedsNeeded[],
  effect: Detectable,
  power: number,
  source: string,
  width: number,
): string {
  const shown = all.filter(({ why }) => why === undefined);
  const blocks = [...groupBy(all, ({ test }) => test.measure)].map(([{ label, variant }, own]) => {
    const heads = ['', 'spread', 'from', 'seeds', 'between', `all ${all.length} together`];
    const rows = own.map(({ test, seeds, together, interval, why }) =>
      why === undefined
        ? [visible(test.label), spreadText(test), `${test.effect.n} seeds`, count(seeds), `${count(interval![0])} and ${count(interval![1])}`, all.length > 1 ? count(together) : ''] // prettier-ignore
        : [visible(test.label), '', '', '–', '', ''],
    );
    const reasons = [
      ...groupBy(
        own.filter(({ why }) => why !== undefined),
        ({ why }) => why!,
      ),
    ].map(([why, of]) => `${of.map(({ test }) => visible(test.label)).join('; ')}: ${why}`);
    return [
      `${visible(label)} (${visible(variant)})`,
      grid(heads, rows),
      ...reasons.flatMap((reason) => wrap(reason, width)),
      '',
    ].join('\n');
  });
  const said = [
    `Seeds that show an effect of ${effect.text} with a power of ${power}, by a t test at 5 % that is paired by seed, as \`habsburg compare\` makes it. The spread over seeds is that of ${source}.`,
    ...(shown.length > 0
      ? ['Between: for the ends of the 95 % interval of that spread, which few seeds tell only roughly.']
      : []),
    ...(shown.length > 1 ? [`Together: where all ${all.length} tests are read, each at its share of the 5 %.`] : []),
  ];
  return `${blocks.join('\n')}\n${said.flatMap((sentence) => wrap(sentence, width)).join('\n')}\n`;
}

const count = (seeds: number | undefined): string => seeds?.toLocaleString('en') ?? '> 1,000,000';

function spreadText({ effect: { kind, spread } }: ShownTest): string {
  if (kind === 'difference') return formatNumber(spread!, 2);
  return `${formatNumber(100 * (kind === 'ratio' ? Math.expm1(spread!) : spread!), 2)} %`;
}
