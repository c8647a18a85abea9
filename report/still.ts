/** Measures that do not move: shown to be small, which is more than not shown to be large. */
import { holm } from '../statistics/families.js';
import { compare, type Comparison } from './change.js';
import { thinned, type Measure, type Point, type Series, type Summary } from './summary.js';
import { LEVEL, changesOf, pairs } from './tests.js';

export interface Still {
  /** the largest difference of means, as a share of the measure's largest mean, in [0, MARGIN] */
  readonly moved: number;
  /** the farthest end of a 95 % interval of a difference, as the same share; absent where every seed has the same value everywhere */
  readonly within?: number;
  /** paired t tests that told nothing apart */
  readonly tests: number;
}

/** Share of a measure's largest mean that its differences must surely stay within. */
export const MARGIN = 0.05;
/** Generations that are looked at, at most. */
const GENERATIONS = 12;

/**
 * Whether nothing happens to a measure, neither over generations nor between conditions: the 95 % t-intervals, over seeds, of all its
 * differences lie within MARGIN, and no paired t test (each condition's last generation against its first, every two conditions at the last)
 * tells anything apart at 5 % after Holm's correction. Of one seed nothing is known of how it varies: only what is the same everywhere is still.
 * @returns undefined where it moves, may move, or was measured at one generation of one condition alone
 */
export function stillness(summary: Summary, measure: Measure): Still | undefined {
  const series = summary.series.flatMap((one) => {
    const points = one.points.get(measure.key) ?? [];
    return points.length === 0 ? [] : [{ ...one, points: new Map([[measure.key, thinned(points, GENERATIONS)]]) }];
  });
  const means = series.flatMap((one) => one.points.get(measure.key)!.map(({ mean }) => mean));
  if (means.length < 2) return undefined;
  const largest = Math.max(...means.map(Math.abs));
  let [moved, within] = [0, 0];
  for (const comparison of differences(series, measure)) {
    // no seed in common, or one alone
    if (comparison === undefined) return undefined;
    const { value, low = value, high = value, n } = comparison;
    if (n < 2 && value !== 0) return undefined;
    moved = Math.max(moved, Math.abs(value));
    within = Math.max(within, Math.abs(low), Math.abs(high));
    if (within > MARGIN * largest) return undefined;
  }
  if (within === 0) return { moved: 0, tests: 0 };
  const tests = [...changesOf(summary, measure, summary.series), ...pairs(summary, measure, summary.series)];
  if (holm(tests.map(({ p }) => p ?? 1)).some((p) => p <= LEVEL)) return undefined;
  return { moved: moved / largest, within: within / largest, tests: tests.length };
}

/** Each generation less the first, and every two conditions at the generations that both have; one that is a level against every generation. */
function* differences(series: readonly Series[], { key }: Measure): Generator<Comparison | undefined> {
  for (const [i, one] of series.entries()) {
    const points = one.points.get(key)!;
    for (const point of points.slice(1)) yield compare(point, points[0], true);
    for (const other of series.slice(i + 1)) {
      if (other.member !== one.member) continue;
      for (const point of points) {
        const facing = facingOf(other, key, point, one.level);
        if (facing !== undefined) yield compare(point, facing, true);
      }
    }
  }
}

function facingOf(other: Series, key: string, { generation }: Point, level: true | undefined): Point | undefined {
  const points = other.points.get(key)!;
  if (level) return points.at(-1);
  return other.level ? points[0] : points.find((point) => point.generation === generation);
}
