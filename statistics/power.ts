/** What a t test of so many seeds sees, and how many seeds see so much: the noncentral t. Cohen, "Statistical power analysis" (1988), §2. */
import { chiSquareQuantile, noncentralUpper, studentQuantile } from './distributions.js';

export interface PowerOptions {
  /** chance of a false alarm; default 0.05 */
  readonly level?: number;
  /** 1 or 2; default 2 */
  readonly sides?: 1 | 2;
}

/**
 * Chance that a t test of n >= 2 differences with standard deviation `sd` finds a true mean of `effect`. With one side, in the
 * effect's direction, which may be negative: then it is below the level. statsmodels.stats.power.TTestPower
 */
export function pairedPower(effect: number, sd: number, n: number, options: PowerOptions = {}): number {
  return tPower((effect / sd) * Math.sqrt(n), n - 1, options);
}

/** The same of two samples of n each that are not paired, each with this standard deviation. statsmodels.stats.power.TTestIndPower */
export function unpairedPower(effect: number, sd: number, n: number, options: PowerOptions = {}): number {
  return tPower((effect / sd) * Math.sqrt(n / 2), 2 * n - 2, options);
}

/** Chance that a t statistic with this noncentrality is beyond its critical value. */
export function tPower(noncentrality: number, df: number, { level = 0.05, sides = 2 }: PowerOptions = {}): number {
  if (Number.isNaN(noncentrality)) return NaN;
  if (Math.abs(noncentrality) > 1e3) return noncentrality > 0 || sides === 2 ? 1 : 0;
  const critical = studentQuantile(1 - level / sides, df);
  const upper = noncentralUpper(critical, df, noncentrality);
  return sides === 1 ? upper : Math.min(1, upper + noncentralUpper(critical, df, -noncentrality));
}

/** Seeds in all the world. */
export const MOST_SEEDS = 1_000_000;

/** The fewest n, from 2 on, with `power(n) >= wanted`, where power grows with n; undefined beyond a million. */
export function fewest(power: (n: number) => number, wanted: number): number | undefined {
  let high = 2;
  while (power(high) < wanted) if ((high *= 2) > MOST_SEEDS) return undefined;
  let low = Math.max(1, high / 2);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (middle >= 2 && power(middle) >= wanted) high = middle;
    else low = middle;
  }
  return high;
}

/** The last answer: a table of tests mostly asks for the same number of seeds. */
let latest = { df: 0, wanted: 0, value: 0 };

/** The noncentrality, effect over standard error, that a two-sided t test at 5 % finds with this power. */
export function noncentrality(df: number, wanted: number): number {
  if (latest.df === df && latest.wanted === wanted) return latest.value;
  let [low, high] = [0, 1];
  while (tPower(high, df) < wanted) high *= 2;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (tPower(middle, df) < wanted) low = middle;
    else high = middle;
  }
  latest = { df, wanted, value: high };
  return high;
}

/** The least mean difference, in units of its standard deviation, that n differences show with this power at 5 %, two-sided. */
export const detectable = (n: number, wanted: number): number => noncentrality(n - 1, wanted) / Math.sqrt(n);

/** Interval of a standard deviation that was estimated with `df` degrees of freedom, of normal values. */
export function spreadInterval(sd: number, df: number, confidence = 0.95): readonly [number, number] {
  const at = (p: number) => sd * Math.sqrt(df / chiSquareQuantile(p, df));
  return [at((1 + confidence) / 2), at((1 - confidence) / 2)];
}
