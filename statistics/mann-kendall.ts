/** Mann and Kendall's test for a trend in one series, with Sen's slope. Mann, Econometrica 13 (1945); Sen, JASA 63 (1968). */
import { concordance } from './correlation.js';
import { normalUpper } from './distributions.js';
import { tiesOf } from './ranks.js';
import { quantile } from './summary.js';
import type { TestResult } from './types.js';

export interface MannKendall extends TestResult {
  /** later values above earlier ones less those below: the statistic */
  readonly statistic: number;
  /** of the statistic, corrected for ties */
  readonly variance: number;
  readonly z: number;
}

/**
 * Two-sided, with continuity: z = (S - sign S)/√var, as in pymannkendall's original_test. It takes neighbours for unrelated: of a
 * chain, whose values go on from one another, its p value is too small.
 */
export function mannKendall(values: ArrayLike<number>): MannKendall {
  const n = values.length;
  const statistic = concordance(
    Array.from({ length: n }, (_, i) => i),
    values,
  );
  const ties = tiesOf(values).reduce((sum, t) => sum + t * (t - 1) * (2 * t + 5), 0);
  const variance = (n * (n - 1) * (2 * n + 5) - ties) / 18;
  const z = variance === 0 ? 0 : (statistic - Math.sign(statistic)) / Math.sqrt(variance);
  return { statistic, variance, z, p: Math.min(1, 2 * normalUpper(Math.abs(z))) };
}

/** Median of the slopes of all pairs; x are distinct. NaN of fewer than two values. scipy.stats.theilslopes */
export function senSlope(x: ArrayLike<number>, y: ArrayLike<number>): number {
  const slopes: number[] = [];
  for (let i = 0; i < x.length; i++) for (let j = 0; j < i; j++) slopes.push((y[i] - y[j]) / (x[i] - x[j]));
  return slopes.length === 0 ? NaN : quantile(Float64Array.from(slopes).sort(), 0.5);
}
