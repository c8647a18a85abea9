/** Intervals of a share: k of n. */
import { betaQuantile, normalQuantile } from './distributions.js';

type Interval = readonly [low: number, high: number];

/** Never covers less than it says. Clopper and Pearson, Biometrika 26 (1934). statsmodels.stats.proportion.proportion_confint(method='beta') */
export function clopperPearson(k: number, n: number, confidence = 0.95): Interval {
  const tail = (1 - confidence) / 2;
  return [k === 0 ? 0 : betaQuantile(tail, k, n - k + 1), k === n ? 1 : betaQuantile(1 - tail, k + 1, n - k)];
}

/** Covers what it says on average. Wilson, JASA 22 (1927). proportion_confint(method='wilson') */
export function wilson(k: number, n: number, confidence = 0.95): Interval {
  const z = normalQuantile((1 + confidence) / 2);
  const p = k / n;
  const middle = (p + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n))) / (1 + (z * z) / n);
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}
