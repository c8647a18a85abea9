/** How large a difference is, in standard deviations. Cohen, "Statistical power analysis" (1988), §2.2. */
import { moments } from './t-tests.js';

/** Of two samples, by their pooled standard deviation: mean(a) - mean(b). infinite where neither varies. */
export function cohensD(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [x, y] = [moments(a), moments(b)];
  const pooled = ((x.n - 1) * x.variance + (y.n - 1) * y.variance) / (x.n + y.n - 2);
  return (x.mean - y.mean) / Math.sqrt(pooled);
}

/** Of pairs, by the standard deviation of their differences (d_z). infinite where they are all equal, NaN of one. */
export function pairedD(differences: ArrayLike<number>): number {
  const { mean, variance } = moments(differences);
  return mean / Math.sqrt(variance);
}
