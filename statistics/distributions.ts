/**
 * Distribution functions and quantiles: normal, Student's t, beta, chi-square, F and the noncentral t. An upper tail is computed as
 * such and not as 1 minus the rest, so small p values keep their digits. Named in scipy.stats: norm, t, beta, chi2, f, nct.
 */
import { betaRegularized, gammaUpper, logGamma } from './special.js';

/** P(Z > z). norm.sf */
export function normalUpper(z: number): number {
  const tail = 0.5 * gammaUpper(0.5, (z * z) / 2);
  return z > 0 ? tail : 1 - tail;
}

/** P(Z <= z). norm.cdf */
export const normalCdf = (z: number): number => normalUpper(-z);

/** z with P(Z <= z) = p, for p in (0, 1). norm.ppf */
export function normalQuantile(p: number): number {
  if (p === 0.5) return 0;
  return p > 0.5 ? -normalQuantile(1 - p) : -inverse((z) => -normalUpper(z), -p, 0, 1);
}

/** P(T > t) with `df` > 0 degrees of freedom. t.sf */
export function studentUpper(t: number, df: number): number {
  if (Number.isNaN(t)) return NaN;
  if (t === Infinity || t === -Infinity) return t > 0 ? 0 : 1;
  // both forms are exact; the one whose argument is not close to 1 keeps its digits
  const tail =
    t * t < df
      ? 0.5 - 0.5 * betaRegularized((t * t) / (df + t * t), 0.5, df / 2)
      : 0.5 * betaRegularized(df / (df + t * t), df / 2, 0.5);
  return t > 0 ? tail : 1 - tail;
}

/** P(T <= t). t.cdf */
export const studentCdf = (t: number, df: number): number => studentUpper(-t, df);

/** The last quantile asked for: a summary of many means asks for the same one again and again. */
let latest = { p: 0.5, df: 1, value: 0 };

/** t with P(T <= t) = p, for p in (0, 1), by bisection down to neighbouring doubles. t.ppf */
export function studentQuantile(p: number, df: number): number {
  if (p === 0.5) return 0;
  if (p < 0.5) return -studentQuantile(1 - p, df);
  if (latest.p !== p || latest.df !== df) latest = { p, df, value: inverse((t) => studentCdf(t, df), p, 0, 1) };
  return latest.value;
}

/** x with P(X <= x) = p of the beta distribution. beta.ppf */
export function betaQuantile(p: number, a: number, b: number): number {
  return inverse((x) => betaRegularized(x, a, b), p, 0, 1);
}

/** P(X > x) of the chi-square distribution. chi2.sf */
export const chiSquareUpper = (x: number, df: number): number => gammaUpper(df / 2, x / 2);

/** x with P(X <= x) = p. chi2.ppf */
export function chiSquareQuantile(p: number, df: number): number {
  return inverse((x) => -chiSquareUpper(x, df), p - 1, 0, df);
}

/** P(X > x) of Fisher's F with d1 and d2 degrees of freedom. f.sf */
export function fisherUpper(x: number, d1: number, d2: number): number {
  return x <= 0 ? 1 : betaRegularized(d2 / (d2 + d1 * x), d2 / 2, d1 / 2);
}

/** x with P(X <= x) = p. f.ppf */
export function fisherQuantile(p: number, d1: number, d2: number): number {
  return inverse((x) => -fisherUpper(x, d1, d2), p - 1, 0, 1);
}

/** Stretches of s, each with the nodes of one Gauss-Legendre rule. */
const STRETCHES = 8;
const NODES = gaussLegendre(20);

/**
 * P(T > t) of Student's t with noncentrality δ: the mean of P(Z > t s - δ) over s = √(χ²/df), integrated over all of s that has any
 * weight. nct.sf
 */
export function noncentralUpper(t: number, df: number, delta: number): number {
  if (t < 0) return 1 - noncentralUpper(-t, df, -delta);
  const width = 9 / Math.sqrt(2 * df);
  const low = Math.max(0, 1 - width);
  // beyond the second bound P(Z > t s - δ) is nothing
  const high = Math.min(1 + width + 9 / df, (9 + delta) / t);
  if (high <= low) return 0;
  const scale = Math.log(2) + (df / 2) * Math.log(df / 2) - logGamma(df / 2);
  const half = (high - low) / (2 * STRETCHES);
  let sum = 0;
  for (let stretch = 0; stretch < STRETCHES; stretch++)
    for (const [node, weight] of NODES) {
      const s = low + half * (2 * stretch + 1 + node);
      sum += weight * Math.exp(scale + (df - 1) * Math.log(s) - (df * s * s) / 2) * normalUpper(t * s - delta);
    }
  return Math.min(1, sum * half);
}

/** Nodes in (-1, 1) and weights: roots of Legendre's polynomial by Newton's method (Numerical Recipes, section 4.6). */
function gaussLegendre(n: number): (readonly [node: number, weight: number])[] {
  return Array.from({ length: n }, (_, i) => {
    let x = Math.cos((Math.PI * (i + 0.75)) / (n + 0.5));
    for (;;) {
      let [p, before] = [1, 0];
      for (let j = 1; j <= n; j++) [p, before] = [((2 * j - 1) * x * p - (j - 1) * before) / j, p];
      const slope = (n * (x * p - before)) / (x * x - 1);
      const step = p / slope;
      x -= step;
      if (Math.abs(step) < 1e-15) return [x, 2 / ((1 - x * x) * slope * slope)];
    }
  });
}

/** x in [low, ∞) with increasing f(x) = value, by bisection down to neighbouring doubles; `high` grows until it lies above. */
function inverse(f: (x: number) => number, value: number, low: number, high: number): number {
  while (f(high) < value && high < Number.MAX_VALUE / 4) high *= 2;
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return middle;
    if (f(middle) < value) low = middle;
    else high = middle;
  }
}
