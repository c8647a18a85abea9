/** Means over seeds with their uncertainty, and quantiles. */
import { studentQuantile } from './distributions.js';

export interface Summary {
  readonly n: number;
  readonly mean: number;
  /** sample standard deviation (n - 1); undefined for one value */
  readonly sd?: number;
  /** Student's t interval of the mean; undefined for one value */
  readonly interval?: readonly [number, number];
}

/** Mean, standard deviation and two-sided t interval at `confidence` of at least one value. */
export function summarize(values: ArrayLike<number>, confidence = 0.95): Summary {
  const n = values.length;
  if (n === 0) throw new RangeError('internal: a summary needs at least one value');
  let sum = 0;
  for (let i = 0; i < n; i++) sum += values[i];
  const mean = sum / n;
  if (n === 1) return { n, mean };
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (values[i] - mean) ** 2;
  const sd = Math.sqrt(squares / (n - 1));
  const half = (studentQuantile((1 + confidence) / 2, n - 1) * sd) / Math.sqrt(n);
  return { n, mean, sd, interval: [mean - half, mean + half] };
}

/** Quantile q in [0, 1] of ascending values, by linear interpolation between order statistics (numpy's default, type 7). */
export function quantile(ascending: ArrayLike<number>, q: number): number {
  const at = q * (ascending.length - 1);
  const low = Math.floor(at);
  const high = Math.min(low + 1, ascending.length - 1);
  return ascending[low] + (at - low) * (ascending[high] - ascending[low]);
}
