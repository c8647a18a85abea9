/** How one point compares with another, seed by seed: a generation with the first, or a condition with another. */
import { oneSampleT } from '../statistics/t-tests.js';
import { seedsByGeneration } from './summary.js';
import type { Measure, Point, Series, Summary } from './summary.js';

/** Values of the seeds that both points have, one against the other, with a 95 % t-interval where there are two seeds or more. */
export interface Comparison {
  /**
   * `ratio`: the geometric mean of the seeds' ratios, its interval that of the mean logarithm. `ratio-of-means`: of the means over
   * seeds, where a value is 0 and has no logarithm; the interval is that of the mean residual above - ratio x below. `difference`:
   * the mean of above - below, where values may be negative or are all 0 to begin with.
   */
  readonly kind: 'ratio' | 'ratio-of-means' | 'difference';
  readonly value: number;
  readonly low?: number;
  readonly high?: number;
  /** of the paired t test that the interval belongs to: that the two are the same; of one seed absent */
  readonly p?: number;
  /** standard deviation over seeds of what was averaged: of log ratios, of residuals over the lower mean, of differences */
  readonly sd?: number;
  /** what was tested, a number a seed: log ratios where the kind is `ratio`, else differences */
  readonly each: readonly number[];
  /** seeds compared */
  readonly n: number;
  /** of these, seeds whose value is exactly 0: above, and below */
  readonly zeros: readonly [above: number, below: number];
}

/** What became of a series between its first generation and its last. */
export interface Change {
  readonly series: Series;
  /** the first and the last generation that the series has of any measure */
  readonly first: number;
  readonly last: number;
  /** seeds that came as far as `first` and as `last` */
  readonly seeds: readonly [first: number, last: number];
  /** of those that came to `last`, seeds that have a value of this measure there */
  readonly valued: number;
  /** the last generation that has a value in any seed; absent: none has */
  readonly lastValued?: number;
  /** absent where fewer than two generations have values, or none at `last` */
  readonly comparison?: Comparison;
}

/** How a measure changed from the first to the last generation of each series: none is left out. */
export function changes(summary: Summary, measure: Measure): Change[] {
  const signed = isSigned(summary, measure);
  return summary.series.map((series): Change => {
    const came = seedsByGeneration(series);
    const generations = [...came.keys()].sort((a, b) => a - b);
    const [first, last] = [generations[0], generations[generations.length - 1]];
    const points = series.points.get(measure.key) ?? [];
    const end = points[points.length - 1] as Point | undefined;
    const comparison = points.length > 1 && end?.generation === last ? compare(end, points[0], signed) : undefined;
    return {
      series,
      first: points[0]?.generation ?? first,
      last,
      seeds: [came.get(first) ?? 0, came.get(last) ?? 0],
      valued: end?.generation === last ? end.n : 0,
      lastValued: end?.generation,
      comparison,
    };
  });
}

/** Whether a measure has negative values, under any condition: then differences are what can be compared. */
export function isSigned(summary: Summary, { key }: Measure): boolean {
  return summary.series.some(({ points }) => points.get(key)?.some(({ values }) => values.some((value) => value < 0)));
}

/** The seeds that both points have; undefined where there is none. */
export function compare(above: Point, below: Point, signed = false): Comparison | undefined {
  const pairs = paired(above, below);
  if (pairs.length === 0) return undefined;
  const zeros = [pairs.filter(([a]) => a === 0).length, pairs.filter(([, b]) => b === 0).length] as const;
  const over = (
    kind: Comparison['kind'],
    each: readonly number[],
    scale: (x: number) => number = (x) => x,
    tested: readonly number[] = each,
  ): Comparison => {
    const n = pairs.length;
    const middle = each.reduce((sum, x) => sum + x, 0) / n;
    if (n === 1) return { kind, value: scale(middle), each: tested, n, zeros };
    const { interval, error } = oneSampleT(each);
    const { p } = oneSampleT(tested);
    return {
      kind,
      value: scale(middle),
      low: scale(interval[0]),
      high: scale(interval[1]),
      // no difference in any seed
      p: Number.isNaN(p) ? 1 : p,
      sd: error * Math.sqrt(n),
      each: tested,
      n,
      zeros,
    };
  };
  const differences = pairs.map(([a, b]) => a - b);
  if (signed || zeros[1] === pairs.length) return over('difference', differences);
  if (zeros[0] + zeros[1] === 0)
    return over(
      'ratio',
      pairs.map(([a, b]) => Math.log(a / b)),
      Math.exp,
    );
  const mean = (side: 0 | 1) => pairs.reduce((sum, pair) => sum + pair[side], 0) / pairs.length;
  const ratio = mean(0) / mean(1);
  const residuals = pairs.map(([a, b]) => (a - ratio * b) / mean(1));
  return over('ratio-of-means', residuals, (x) => Math.max(0, ratio + x), differences);
}

/** The value of a comparison that says "the same". */
export function unchanged({ kind }: Pick<Comparison, 'kind'>): 0 | 1 {
  return kind === 'difference' ? 0 : 1;
}

/** How far from "the same"; what fell to 0 is farthest. Comparable among the conditions of one measure. */
export function size({ kind, value }: Comparison): number {
  return kind === 'difference' ? Math.abs(value) : Math.abs(Math.log(value));
}

/** [above, below] of every seed that both have; seeds are ascending. */
function paired(above: Point, below: Point): (readonly [number, number])[] {
  const pairs: (readonly [number, number])[] = [];
  for (let a = 0, b = 0; a < above.n && b < below.n;) {
    const difference = above.seeds[a] - below.seeds[b];
    if (difference === 0) pairs.push([above.values[a], below.values[b]]);
    if (difference <= 0) a++;
    if (difference >= 0) b++;
  }
  return pairs;
}
