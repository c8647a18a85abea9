/**
 * When will a series cross a line? Each series is a random walk with drift, as chains of models are that learn from each other alone: its steps
 * are taken to be independent, normal, and alike in all series and at all times. What follows from that is exact in how far the walk gets and
 * simulated in when it crosses first; whether the steps are alike is tested, and told.
 */
import { CounterRng } from '../common/philox.js';
import { studentQuantile } from './distributions.js';
import { levene } from './groups.js';
import { moments, welchT } from './t-tests.js';

/** Steps of some series, and what they say of the next ones. */
export interface Walk {
  /** last value of each series */
  readonly last: readonly number[];
  /** of a step */
  readonly drift: number;
  readonly sd: number;
  /** steps that both were learnt from */
  readonly steps: number;
  /**
   * p of what the model denies: that steps of the second half have another mean (Welch), or another spread (Levene, by medians), than those of the
   * first; NaN of too few
   */
  readonly changed: { readonly drift: number; readonly spread: number };
}

/** @param rows equally spaced values of each series, all of one length; @returns undefined of fewer than three steps in all */
export function walkOf(rows: readonly ArrayLike<number>[]): Walk | undefined {
  const width = rows[0]?.length ?? 0;
  const step = (row: ArrayLike<number>, t: number): number => row[t + 1] - row[t];
  const stepsOf = (from: number, to: number): number[] => rows.flatMap((row) => Array.from({ length: Math.max(0, to - from) }, (_, i) => step(row, from + i))); // prettier-ignore
  const all = stepsOf(0, width - 1);
  if (all.length < 3) return undefined;
  const { mean, variance } = moments(all);
  const half = Math.floor((width - 1) / 2);
  const [early, late] = [stepsOf(0, half), stepsOf(half, width - 1)];
  return {
    last: rows.map((row) => row[width - 1]),
    drift: mean,
    sd: Math.sqrt(variance),
    steps: all.length,
    changed: { drift: welchT(early, late).p, spread: levene([early, late]).p },
  };
}

/** Below this p, steps count as having changed. */
const CHANGED = 0.01;

/** The same, learnt from the second half alone where steps were not alike all the time; `changed` then says so of the whole. */
export function recentWalk(rows: readonly ArrayLike<number>[]): { readonly walk: Walk; readonly turned: boolean } | undefined {
  const whole = walkOf(rows);
  if (whole === undefined) return undefined;
  if (!(Math.min(whole.changed.drift, whole.changed.spread) < CHANGED)) return { walk: whole, turned: false };
  const half = Math.floor((rows[0].length - 1) / 2);
  const late = walkOf(rows.map((row) => Array.from(row).slice(half)));
  return late && { walk: { ...late, changed: whole.changed }, turned: true };
}

/**
 * Where a series that stands at `from` will lie h steps on: the prediction interval of a normal walk whose drift and spread were estimated,
 * from + h d ± t sd √(h + h²/n). Hyndman and Athanasopoulos, "Forecasting" (2021), §5.5, there for one series.
 */
export function bandAt({ drift, sd, steps }: Walk, from: number, h: number, confidence = 0.9): readonly [number, number] {
  const half = studentQuantile((1 + confidence) / 2, steps - 1) * sd * Math.sqrt(h + (h * h) / steps);
  return [from + h * drift - half, from + h * drift + half];
}

export interface Crossing {
  /** steps from now to the first crossing, by quantile of the predictive distribution; Infinity: not within the horizon */
  readonly early: number;
  readonly middle: number;
  readonly late: number;
  /** chance that the line is crossed within the horizon */
  readonly within: number;
}

/**
 * First steps at which walks cross a line from where they stand: drift and spread are drawn from what the steps leave open (normal steps, flat
 * prior), then a path. Several series give the crossing of one of them, at random.
 * @param horizon steps that are looked at
 */
export function crossing(
  walk: Walk,
  from: readonly number[],
  line: number,
  horizon: number,
  { confidence = 0.9, paths = 2000, seed = 0 }: { confidence?: number; paths?: number; seed?: number } = {},
): Crossing {
  const rng = new CounterRng({ seed, generation: 0, member: '', step: 'forecast' });
  const df = walk.steps - 1;
  const found = new Float64Array(paths);
  for (let path = 0; path < paths; path++) {
    const normal = (index: number): number => rng.normal(index, path);
    const sd = walk.sd * Math.sqrt(df / chiSquare(normal, df));
    const drift = walk.drift + (sd / Math.sqrt(walk.steps)) * normal(0);
    let value = from[path % from.length];
    const up = value < line;
    let at = value === line ? 0 : Infinity;
    for (let h = 1; h <= horizon && at === Infinity; h++) {
      value += drift + sd * normal(h);
      if (up ? value >= line : value <= line) at = h;
    }
    found[path] = at;
  }
  found.sort();
  const reached = found.filter((at) => at !== Infinity).length / paths;
  const of = (q: number): number => found[Math.min(paths - 1, Math.floor(q * paths))];
  return { early: of((1 - confidence) / 2), middle: of(0.5), late: of((1 + confidence) / 2), within: reached };
}

/** A sum of so many squares, of many by Wilson and Hilferty's cube. */
function chiSquare(normal: (index: number) => number, df: number): number {
  const beyond = 2 ** 32;
  if (df > 200) {
    const a = 2 / (9 * df);
    return df * (1 - a + Math.sqrt(a) * normal(beyond)) ** 3;
  }
  let sum = 0;
  for (let i = 0; i < df; i++) sum += normal(beyond + i) ** 2;
  return sum;
}
