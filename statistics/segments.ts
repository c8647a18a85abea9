/** One straight line against two: where does a series begin to go another way, and is that more than noise? */
import { CounterRng } from '../common/philox.js';

/** a + b x */
export interface Line {
  readonly intercept: number;
  readonly slope: number;
  /** sum of squared residuals */
  readonly sse: number;
}

/** Least squares. scipy.stats.linregress */
export function line(x: ArrayLike<number>, y: ArrayLike<number>, from = 0, to = x.length): Line {
  const n = to - from;
  let [a, b] = [0, 0];
  for (let i = from; i < to; i++) [a, b] = [a + x[i] / n, b + y[i] / n];
  let [xx, xy] = [0, 0];
  for (let i = from; i < to; i++) [xx, xy] = [xx + (x[i] - a) ** 2, xy + (x[i] - a) * (y[i] - b)];
  const slope = xy / xx;
  const intercept = b - slope * a;
  let sse = 0;
  for (let i = from; i < to; i++) sse += (y[i] - intercept - slope * x[i]) ** 2;
  return { intercept, slope, sse };
}

/** A line that turns at x[index]: a + b x + c max(0, x - x[index]); and two lines without a joint, the second from index on. */
export interface Segments {
  readonly index: number;
  readonly hinge: { readonly intercept: number; readonly slope: number; readonly turn: number; readonly sse: number };
  readonly broken: { readonly left: Line; readonly right: Line; readonly sse: number };
}

/** Every place where two segments may meet, each with at least `minimum` >= 2 points. */
export function segments(x: ArrayLike<number>, y: ArrayLike<number>, minimum = 3): Segments[] {
  const found: Segments[] = [];
  for (let index = minimum; index <= x.length - minimum; index++) {
    const [left, right] = [line(x, y, 0, index), line(x, y, index)];
    found.push({ index, hinge: hinged(x, y, index), broken: { left, right, sse: left.sse + right.sse } });
  }
  return found;
}

/** The hinge's turn is what the ramp explains of what a line leaves (Frisch and Waugh). */
function hinged(x: ArrayLike<number>, y: ArrayLike<number>, index: number): Segments['hinge'] {
  const ramp = Float64Array.from({ length: x.length }, (_, i) => Math.max(0, x[i] - x[index]));
  const [plain, own] = [line(x, y), line(x, ramp)];
  let [rr, ry] = [0, 0];
  for (let i = 0; i < x.length; i++) {
    const r = ramp[i] - own.intercept - own.slope * x[i];
    [rr, ry] = [rr + r * r, ry + r * y[i]];
  }
  const turn = ry / rr;
  const [intercept, slope] = [plain.intercept - turn * own.intercept, plain.slope - turn * own.slope];
  let sse = 0;
  for (let i = 0; i < x.length; i++) sse += (y[i] - intercept - slope * x[i] - turn * ramp[i]) ** 2;
  return { intercept, slope, turn, sse };
}

/** Where a line turns, and how often chance alone would have turned one so clearly. */
export interface Inflection {
  /** the first x of the new course */
  readonly at: number;
  /** before and after */
  readonly slopes: readonly [number, number];
  /** share of the line's squared residuals that the turn takes away, in [0, 1] */
  readonly explained: number;
  readonly p: number;
  /** the smallest p that so few rows or points could have given */
  readonly floor: number;
}

/** Sign patterns that are gone through one by one; of more, as many are drawn. */
const MOST = 4096;

/**
 * The best hinge of the mean of some rows (a seed each, a column each x), and a permutation test of it: the statistic is the best
 * over all places, so that the search for the place is paid for. A Chow test at a place that was searched is not: its p is too small.
 *
 * What chance may exchange depends on what the columns are. `rows`: whole rows change the sign of what they leave of their own line,
 * which holds however the columns of a row hang together, as generations of a chain do; with n rows p is at least 2 / 2^n. `columns`:
 * within each row the residuals change places, for columns that are separate experiments, as conditions are (Freedman and Lane,
 * Journal of Business & Economic Statistics 1, 1983).
 *
 * @param x ascending, at least 2 `minimum` values
 */
export function inflection(
  x: ArrayLike<number>,
  rows: readonly ArrayLike<number>[],
  {
    exchange,
    minimum = 3,
    draws = MOST,
    seed = 0,
  }: { exchange: 'rows' | 'columns'; minimum?: number; draws?: number; seed?: number },
): Inflection {
  const [n, width] = [rows.length, x.length];
  const ramps = Array.from({ length: width - 2 * minimum + 1 }, (_, i) => unitRamp(x, minimum + i));
  const left = rows.map((row) => {
    const { intercept, slope } = line(x, row);
    return Float64Array.from(row, (value, i) => value - intercept - slope * x[i]);
  });
  const mean = new Float64Array(width);
  const gain = (): { best: number; at: number } => {
    let [best, at] = [-1, 0];
    ramps.forEach((ramp, k) => {
      let sum = 0;
      for (let i = 0; i < width; i++) sum += ramp[i] * mean[i];
      if (sum * sum > best) [best, at] = [sum * sum, k];
    });
    return { best, at };
  };
  const sums = (sign: (row: number) => number, place: (row: number, i: number) => number): void => {
    mean.fill(0);
    for (let r = 0; r < n; r++) for (let i = 0; i < width; i++) mean[i] += (sign(r) * left[r][place(r, i)]) / n;
  };
  const same = (_: number, i: number): number => i;
  sums(() => 1, same);
  const total = mean.reduce((sum, value) => sum + value * value, 0);
  const seen = gain();
  const index = minimum + seen.at;
  const y = Float64Array.from({ length: width }, (_, i) => rows.reduce((sum, row) => sum + row[i] / n, 0));
  const { slope, turn } = hinged(x, y, index);

  const rng = new CounterRng({ seed, generation: 0, member: '', step: 'inflection', purpose: exchange });
  // both signs of all rows together are one pattern
  const patterns = 2 ** (n - 1);
  const all = exchange === 'rows' && patterns <= draws;
  const trials = all ? patterns : draws;
  // equal up to rounding counts as reached
  const mark = seen.best * (1 - 1e-9);
  let reached = 0;
  for (let trial = 0; trial < trials; trial++) {
    if (exchange === 'columns') {
      const orders = left.map((_, r) => rng.permutation(width, trial * n + r));
      sums(() => 1, (r, i) => orders[r][i]); // prettier-ignore
    } else sums((r) => ((all ? trial >> r : rng.u32(r, trial)) & 1 ? -1 : 1), same);
    if (gain().best >= mark) reached++;
  }
  const p = all ? reached / trials : (reached + 1) / (trials + 1);
  return {
    at: x[index],
    slopes: [slope, slope + turn],
    explained: total === 0 ? 0 : seen.best / total,
    p: total <= 1e-24 * rows.reduce((sum, row) => sum + Array.from(row).reduce((s, v) => s + v * v, 0), 0) ? 1 : p,
    floor: all ? 1 / trials : 1 / (trials + 1),
  };
}

/** max(0, x - x[index]) less its own line, of length 1: what it explains of residuals is the square of one product. */
function unitRamp(x: ArrayLike<number>, index: number): Float64Array {
  const ramp = Float64Array.from({ length: x.length }, (_, i) => Math.max(0, x[i] - x[index]));
  const own = line(x, ramp);
  const rest = ramp.map((value, i) => value - own.intercept - own.slope * x[i]);
  const length = Math.sqrt(rest.reduce((sum, value) => sum + value * value, 0));
  return rest.map((value) => value / length);
}
