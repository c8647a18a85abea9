/**
 * Tests of what an experiment shows: conditions against each other, generations against the first, trends over generations or over a
 * setting of the conditions, and where a trend turns. Each has its effect, its interval and its p value, corrected over all tests that
 * are shown together. One seed has an effect and no p value.
 */
import { spearman } from '../statistics/correlation.js';
import { corrected, type Correction } from '../statistics/families.js';
import { pairedD } from '../statistics/effects.js';
import { mannKendall } from '../statistics/mann-kendall.js';
import { page } from '../statistics/page.js';
import { detectable } from '../statistics/power.js';
import { inflection, line, type Inflection } from '../statistics/segments.js';
import { oneSampleT } from '../statistics/t-tests.js';
import { wilcoxon } from '../statistics/wilcoxon.js';
import { leadMeasure } from './finding.js';
import type { Results } from './rows.js';
import { compare, isSigned, unchanged, type Comparison } from './change.js';
import { thinned, type Measure, type Point, type Series, type Summary } from './summary.js';

/** One test of one measure. */
export interface ShownTest {
  readonly measure: Measure;
  /** of what: `replace / keep-10`, `replace, generation 8 / 0`, `replace over generations 0 to 8` */
  readonly label: string;
  /** the conditions and generations that it is about */
  readonly series: readonly Series[];
  readonly generations: readonly number[];
  readonly effect: Effect;
  /** of the t test over seeds, of a turn of its permutation test; absent of one seed */
  readonly p?: number;
  /** the same after correction over all tests that are shown */
  readonly corrected?: number;
  /** a test of ranks beside it: what it is called, its p value, and the smallest that so few seeds could have given */
  readonly ranks?: { readonly name: string; readonly p: number; readonly floor?: number };
  /** where a trend turns; the effect is then by what its slope changes there */
  readonly turn?: Inflection;
}

/** How large: a ratio, or a difference in the measure's unit; of a trend for each generation, or for each 1 of the setting. */
export interface Effect {
  readonly kind: Comparison['kind'];
  readonly value: number;
  readonly low?: number;
  readonly high?: number;
  /** seeds */
  readonly n: number;
  /** seeds of the other experiment, where two are compared: they are no pairs */
  readonly others?: number;
  /** Cohen's d: the mean of what was tested in standard deviations of it, of two experiments in their pooled one */
  readonly d?: number;
  /** standard deviation over seeds of what was tested: of log ratios, of residuals over the lower mean, of differences, of slopes */
  readonly spread?: number;
  /** the smallest such effect that a test of so many seeds finds in four of five experiments, at 5 % and before correction */
  readonly visible?: number;
}

export const POWER = 0.8;
export const LEVEL = 0.05;
/** Columns of a test of order, at most: it is exact up to ten, and neighbours say nearly the same. */
const COLUMNS = 10;
/** Generations of one series that Mann and Kendall's test looks at. */
const LONG = 200;

/** Every pair of these series at a generation, or at the last that both have; one that is a level keeps its only one. */
export function pairs(summary: Summary, measure: Measure, series: readonly Series[], generation?: number): ShownTest[] {
  const signed = isSigned(summary, measure);
  return series.flatMap((one, i) =>
    series.slice(i + 1).flatMap((other): ShownTest[] => {
      if (one.member !== other.member) return [];
      const [above, below] = [pointsOf(one, measure), pointsOf(other, measure)];
      const level = one.level === true || other.level === true;
      const at = generation ?? (level ? Math.max(lastOf(above), lastOf(below)) : lastCommon(above, below));
      const of = (points: readonly Point[], alone: boolean) => (alone ? points[0] : points.find((p) => p.generation === at));
      const [a, b] = [of(above, one.level === true), of(below, other.level === true)];
      if (a === undefined || b === undefined || at === undefined) return [];
      const comparison = compare(a, b, signed);
      if (comparison === undefined) return [];
      // of one that has generation 0 alone, and what is compared with it, the generations differ
      const named = (label: string, point: Point): string => (a.generation === b.generation ? label : `${label}, generation ${point.generation}`); // prettier-ignore
      const label = `${named(one.label, a)} / ${named(other.label, b)}`;
      return [{ ...tested(comparison), measure, label, series: [one, other], generations: [at] }];
    }),
  );
}

/** The last generation of each series, or a given one, against its first. */
export function changesOf(summary: Summary, measure: Measure, series: readonly Series[], generation?: number): ShownTest[] {
  const signed = isSigned(summary, measure);
  return series.flatMap((one): ShownTest[] => {
    const points = pointsOf(one, measure);
    const [first, last] = [points[0], generation === undefined ? points.at(-1) : points.find((p) => p.generation === generation)];
    if (first === undefined || last === undefined || last.generation <= first.generation) return [];
    const comparison = compare(last, first, signed);
    if (comparison === undefined) return [];
    const generations = [first.generation, last.generation];
    return [{ ...tested(comparison), measure, label: `${one.label}, generation ${generations[1]} / ${generations[0]}`, series: [one], generations }]; // prettier-ignore
  });
}

/** The trend of each series over its generations. */
export function trendsOf(measure: Measure, series: readonly Series[], turns: boolean): ShownTest[] {
  // one scale for all that stands in one table
  const signed = series.some((one) => pointsOf(one, measure).some(({ values }) => values.some((value) => value <= 0)));
  return series.flatMap((one): ShownTest[] => {
    const points = pointsOf(one, measure);
    const rows = rowsOf(points);
    if (points.length < 3 || rows.length === 0) return [];
    const generations = points.map(({ generation }) => generation);
    const [first, last] = [generations[0], generations[generations.length - 1]];
    const label = `${one.label} over generations ${first} to ${last}`;
    return trendTests(generations, rows, signed, turns, 'generations').map((trend) => ({
      ...trend,
      measure,
      label: turnLabel(label, trend, 'generation '),
      series: [one],
      generations,
    }));
  });
}

/** The trend over conditions at a generation, or the last that all have, by a number of each; ascending. */
export function trendOver(
  summary: Summary,
  measure: Measure,
  at: readonly { readonly series: Series; readonly x: number }[],
  setting: string,
  turns: boolean,
  generation?: number,
): ShownTest[] {
  const ordered = [...at].sort((a, b) => a.x - b.x);
  const all = ordered.map(({ series }) => pointsOf(series, measure));
  const common = (all[0] ?? [])
    .map((p) => p.generation)
    .filter((t) => all.every((points) => points.some((p) => p.generation === t)));
  const t = generation ?? common.at(-1);
  if (ordered.length < 3 || t === undefined || !common.includes(t)) return [];
  const rows = rowsOf(all.map((points) => points.find((p) => p.generation === t)!));
  if (rows.length === 0) return [];
  const x = ordered.map((one) => one.x);
  const several = new Set(summary.series.map(({ member }) => member)).size > 1;
  const label = `${several ? `${ordered[0].series.member} ` : ''}over ${setting} from ${x[0]} to ${x[x.length - 1]}`;
  return trendTests(x, rows, isSigned(summary, measure), turns, 'conditions').map((trend) => ({
    ...trend,
    measure,
    label: turnLabel(label, trend, ''),
    series: ordered.map(({ series }) => series),
    generations: [t],
  }));
}

/** The tests with their p values corrected over all of them. */
export function asFamily(tests: readonly ShownTest[], correction: Correction): ShownTest[] {
  const all = tests.map(({ p }) => p ?? NaN);
  return corrected(all, correction).map((p, i) => (Number.isNaN(p) ? tests[i] : { ...tests[i], corrected: p }));
}

type Tested = Pick<ShownTest, 'effect' | 'p' | 'ranks' | 'turn'>;

const turnLabel = (label: string, { turn }: Tested, unit: string): string =>
  turn === undefined ? label : `${label} turns at ${unit}${turn.at}`;

/** The measures that a command was asked about: of one metric those of it, of `all` every one, else the leading one. */
export function measuresAsked(summary: Summary, { plan }: Pick<Results, 'plan'>, metric: string | undefined): readonly Measure[] {
  const lead = metric === undefined ? leadMeasure(summary, plan) : undefined;
  return lead === undefined ? summary.measures : [lead];
}

const pointsOf = (series: Series, { key }: Measure): readonly Point[] => series.points.get(key) ?? [];

const lastOf = (points: readonly Point[]): number => points.at(-1)?.generation ?? 0;

function lastCommon(above: readonly Point[], below: readonly Point[]): number | undefined {
  return above.findLast(({ generation }) => below.some((point) => point.generation === generation))?.generation;
}

/** Of seeds that have a value at all of these points: their values there. */
export function rowsOf(points: readonly Point[]): Float64Array[] {
  const at = points.map(({ seeds, values }) => new Map(Array.from(seeds, (seed, i) => [seed, values[i]])));
  return [...(at[0] ?? new Map<number, number>()).keys()]
    .filter((seed) => at.every((values) => values.has(seed)))
    .map((seed) => Float64Array.from(at, (values) => values.get(seed)!));
}

/** Where there is no spread there is no d. */
export const dOf = (d: number): { readonly d?: number } => (Number.isFinite(d) ? { d } : {});

function tested(comparison: Comparison): Tested {
  const { kind, value, low, high, n, p, sd, each } = comparison;
  const visible = sd === undefined || sd === 0 ? undefined : detectable(n, POWER) * sd;
  return {
    effect: { kind, value, low, high, n, ...dOf(pairedD(each)), spread: sd, visible: visible === undefined ? undefined : kind === 'ratio' ? Math.exp(visible) : kind === 'difference' ? visible : 1 + visible }, // prettier-ignore
    p,
    // equal pairs say nothing; two-sided, n pairs have 2^n sign patterns
    ...(n > 1 && each.some((d) => d !== 0) && { ranks: { name: 'Wilcoxon', p: wilcoxon(each).p, floor: 2 / 2 ** n } }),
  };
}

/**
 * The mean over seeds of each seed's own slope, by least squares, on logarithms where all values are positive. Its t test asks only that
 * seeds are independent, so it holds for chains, whose generations are not; the test of order beside it takes columns for exchangeable.
 */
function trendTests(
  x: readonly number[],
  rows: readonly Float64Array[],
  signed: boolean,
  turns: boolean,
  columns: 'generations' | 'conditions',
): Tested[] {
  const logs = !signed && rows.every((row) => row.every((value) => value > 0));
  const values = logs ? rows.map((row) => row.map(Math.log)) : rows;
  const scale = logs ? Math.exp : (slope: number): number => slope;
  const n = rows.length;
  const slopes = values.map((row) => line(x, row).slope);
  const kind = logs ? 'ratio' : 'difference';
  if (n === 1) {
    const alone = thinned(Array.from(x.keys()), LONG);
    const [name, p] =
      columns === 'generations'
        ? ['Mann-Kendall', mannKendall(alone.map((i) => values[0][i])).p]
        : ['Spearman', spearman(x, values[0]).p];
    return [{ effect: { kind, value: scale(slopes[0]), n }, ranks: Number.isNaN(p) ? undefined : { name, p } }];
  }
  const { estimate, interval, p, error } = oneSampleT(slopes);
  const kept = thinned(Array.from(x.keys()), COLUMNS);
  const order = page(values.map((row) => kept.map((i) => row[i])));
  const trend: Tested = {
    effect: {
      kind,
      value: scale(estimate),
      low: scale(interval[0]),
      high: scale(interval[1]),
      n,
      ...dOf(pairedD(slopes)),
      spread: error * Math.sqrt(n),
      visible: error === 0 ? undefined : scale(detectable(n, POWER) * error * Math.sqrt(n)),
    },
    p: Number.isNaN(p) ? 1 : p,
    ranks: { name: 'Page', p: Math.min(1, 2 * Math.min(order.p, order.falling)) },
  };
  if (!turns || x.length < 5) return [trend];
  const turn = turnOf(x, values, columns);
  return [trend, { effect: { kind, value: scale(turn.slopes[1] - turn.slopes[0]), n }, p: turn.p, turn }];
}

/** More points than this are thinned: places that lie so close cannot be told apart. */
const PLACES = 60;

function turnOf(x: readonly number[], values: readonly ArrayLike<number>[], columns: 'generations' | 'conditions'): Inflection {
  const kept = thinned(Array.from(x.keys()), PLACES);
  return inflection(
    kept.map((i) => x[i]),
    values.map((row) => Float64Array.from(kept, (i) => row[i])),
    { exchange: columns === 'generations' ? 'rows' : 'columns', minimum: kept.length < 6 ? 2 : 3 },
  );
}

/** What a test says at 5 %, after correction: in two or three words. */
export function verdictOf({ effect, corrected: p, turn }: ShownTest): string {
  if (p === undefined) return effect.n === 1 || effect.others === 1 ? 'one seed' : '';
  if (p > LEVEL) return 'not told apart';
  const more = effect.value > unchanged(effect);
  if (turn !== undefined) return more ? 'turns up' : 'turns down';
  return more ? 'higher' : 'lower';
}
