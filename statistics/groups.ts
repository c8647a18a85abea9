/** Tests of several groups: Kruskal and Wallis of where they lie, Levene of how they spread. */
import { chiSquareUpper, fisherUpper } from './distributions.js';
import { ranksOf, tieTerm, tiesOf } from './ranks.js';
import { quantile } from './summary.js';
import { moments } from './t-tests.js';
import type { TestResult } from './types.js';

/** H with its correction for ties, and chi-square's tail. Kruskal and Wallis, JASA 47 (1952). scipy.stats.kruskal */
export function kruskal(groups: readonly ArrayLike<number>[]): TestResult {
  const all = groups.flatMap((group) => Array.from(group));
  const n = all.length;
  const ranks = ranksOf(all);
  let at = 0;
  let sum = 0;
  for (const { length } of groups) {
    const own = ranks.subarray(at, (at += length)).reduce((total, rank) => total + rank, 0);
    sum += own ** 2 / length;
  }
  const statistic = ((12 / (n * (n + 1))) * sum - 3 * (n + 1)) / (1 - tieTerm(tiesOf(all)) / (n ** 3 - n));
  return { statistic, p: chiSquareUpper(statistic, groups.length - 1) };
}

/** W of distances from each group's median (Brown and Forsythe, JASA 69, 1974) or mean (Levene, 1960). scipy.stats.levene */
export function levene(groups: readonly ArrayLike<number>[], center: 'median' | 'mean' = 'median'): TestResult {
  const distances = groups.map((group) => {
    const middle = center === 'mean' ? moments(group).mean : quantile(Float64Array.from(group).sort(), 0.5);
    return Float64Array.from(group, (value) => Math.abs(value - middle));
  });
  const parts = distances.map(moments);
  const n = parts.reduce((sum, part) => sum + part.n, 0);
  const mean = parts.reduce((sum, part) => sum + part.n * part.mean, 0) / n;
  const between = parts.reduce((sum, part) => sum + part.n * (part.mean - mean) ** 2, 0);
  const within = parts.reduce((sum, part) => sum + (part.n > 1 ? part.variance * (part.n - 1) : 0), 0);
  const [d1, d2] = [groups.length - 1, n - groups.length];
  const statistic = (between * d2) / (within * d1);
  return { statistic, p: fisherUpper(statistic, d1, d2) };
}
