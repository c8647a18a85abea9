/** Student's tests of means, with their intervals. Student, "The probable error of a mean", Biometrika 6 (1908); Welch, Biometrika 34 (1947). */
import { studentCdf, studentQuantile, studentUpper } from './distributions.js';
import { tailed, type Alternative, type TTest } from './types.js';

export interface TOptions {
  readonly alternative?: Alternative;
  /** of the interval; default 0.95 */
  readonly confidence?: number;
}

/** Whether the mean of at least two values is `expected`; the estimate is the mean. scipy.stats.ttest_1samp */
export function oneSampleT(values: ArrayLike<number>, expected = 0, options: TOptions = {}): TTest {
  const { n, mean, variance } = moments(values);
  return tTest(mean, expected, Math.sqrt(variance / n), n - 1, options);
}

/** Whether pairs differ; the estimate is the mean of above - below. scipy.stats.ttest_rel */
export function pairedT(above: ArrayLike<number>, below: ArrayLike<number>, options: TOptions = {}): TTest {
  return oneSampleT(differences(above, below), 0, options);
}

/** Whether two samples of unequal variances have one mean; the estimate is mean(a) - mean(b). scipy.stats.ttest_ind(equal_var=False) */
export function welchT(a: ArrayLike<number>, b: ArrayLike<number>, options: TOptions = {}): TTest {
  const [x, y] = [moments(a), moments(b)];
  const [u, v] = [x.variance / x.n, y.variance / y.n];
  // Welch and Satterthwaite
  const df = (u + v) ** 2 / (u ** 2 / (x.n - 1) + v ** 2 / (y.n - 1));
  return tTest(x.mean - y.mean, 0, Math.sqrt(u + v), df, options);
}

/** The same for equal variances. scipy.stats.ttest_ind */
export function studentT(a: ArrayLike<number>, b: ArrayLike<number>, options: TOptions = {}): TTest {
  const [x, y] = [moments(a), moments(b)];
  const df = x.n + y.n - 2;
  const pooled = ((x.n - 1) * x.variance + (y.n - 1) * y.variance) / df;
  return tTest(x.mean - y.mean, 0, Math.sqrt(pooled * (1 / x.n + 1 / y.n)), df, options);
}

/** Differences of pairs. @throws RangeError where the two are not equally many */
export function differences(above: ArrayLike<number>, below: ArrayLike<number>): Float64Array {
  if (above.length !== below.length) throw new RangeError('internal: pairs need two values each');
  return Float64Array.from({ length: above.length }, (_, i) => above[i] - below[i]);
}

function tTest(estimate: number, expected: number, error: number, df: number, options: TOptions): TTest {
  const { alternative = 'two-sided', confidence = 0.95 } = options;
  const statistic = (estimate - expected) / error;
  const undecided = Number.isNaN(statistic) || !(df > 0);
  const p = undecided ? NaN : tailed(studentCdf(statistic, df), studentUpper(statistic, df), alternative);
  // values that do not vary leave nothing open, and no degrees of freedom
  const half = error === 0 ? 0 : df > 0 ? studentQuantile((1 + confidence) / 2, df) * error : NaN;
  return { statistic, p, df, estimate, error, interval: [estimate - half, estimate + half] };
}

/** Mean and variance (n - 1) of some values; NaN of none, the variance of one. */
export function moments(values: ArrayLike<number>): { n: number; mean: number; variance: number } {
  const n = values.length;
  let sum = 0;
  for (let i = 0; i < n; i++) sum += values[i];
  const mean = sum / n;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (values[i] - mean) ** 2;
  return { n, mean, variance: squares / (n - 1) };
}
