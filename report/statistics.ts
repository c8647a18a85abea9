/** Means over seeds with Student's t-intervals: a handful of seeds is the rule, so the normal approximation would lie. */

/** Mean of a sample, and the half-width of its two-sided 95 % t-interval where there are at least two values. */
export interface Estimate {
  readonly mean: number;
  /** absent for a single value: it says nothing about spread */
  readonly halfWidth?: number;
  readonly n: number;
}

/** @param values at least one */
export function estimate(values: readonly number[]): Estimate {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  if (n < 2) return { mean, n };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  return { mean, halfWidth: tQuantile95(n - 1) * Math.sqrt(variance / n), n };
}

/**
 * The t with P(|T| <= t) = 0.95 for a whole number of degrees of freedom, by bisection of the closed form
 * (Abramowitz & Stegun 26.7.3 and 26.7.4).
 */
export function tQuantile95(df: number): number {
  let low = 0;
  let high = Math.PI / 2;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (centralProbability(middle, df) < 0.95) low = middle;
    else high = middle;
  }
  return Math.sqrt(df) * Math.tan((low + high) / 2);
}

/** P(|T| <= sqrt(df) tan(theta)). */
function centralProbability(theta: number, df: number): number {
  const cosine = Math.cos(theta);
  let term = df % 2 === 0 ? 1 : cosine;
  let sum = df === 1 ? 0 : term;
  for (let k = df % 2 === 0 ? 2 : 3; k < df; k += 2) {
    term *= (cosine * cosine * (k - 1)) / k;
    sum += term;
  }
  return df % 2 === 0 ? Math.sin(theta) * sum : (2 / Math.PI) * (theta + Math.sin(theta) * sum);
}
