/** How two variables go together: Pearson, Spearman, Kendall. */
import { normalUpper, studentUpper } from './distributions.js';
import { ranksOf, tiesOf } from './ranks.js';
import { moments } from './t-tests.js';
import type { TestResult } from './types.js';

/** r, and the t distribution's tail with n - 2 degrees of freedom. scipy.stats.pearsonr */
export function pearson(x: ArrayLike<number>, y: ArrayLike<number>): TestResult {
  const n = x.length;
  const [a, b] = [moments(x).mean, moments(y).mean];
  let [xx, xy, yy] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    xx += (x[i] - a) ** 2;
    xy += (x[i] - a) * (y[i] - b);
    yy += (y[i] - b) ** 2;
  }
  const statistic = xx === 0 || yy === 0 ? NaN : Math.max(-1, Math.min(1, xy / Math.sqrt(xx * yy)));
  if (n < 3) return { statistic, p: n === 2 && !Number.isNaN(statistic) ? 1 : NaN };
  const t = Math.abs(statistic) * Math.sqrt((n - 2) / ((1 - statistic) * (1 + statistic)));
  return { statistic, p: 2 * studentUpper(t, n - 2) };
}

/** Pearson's r of the ranks. Spearman, American Journal of Psychology 15 (1904). scipy.stats.spearmanr */
export const spearman = (x: ArrayLike<number>, y: ArrayLike<number>): TestResult => pearson(ranksOf(x), ranksOf(y));

export interface KendallOptions {
  /** b corrects for ties, c for the shape of the table; default b */
  readonly variant?: 'b' | 'c';
  /** default: exact where nothing is tied and there are at most 33 pairs, or at most one pair is out of order */
  readonly method?: 'auto' | 'exact' | 'asymptotic';
}

/** τ, two-sided. Kendall, Biometrika 30 (1938). scipy.stats.kendalltau */
export function kendall(x: ArrayLike<number>, y: ArrayLike<number>, options: KendallOptions = {}): TestResult {
  const { variant = 'b', method = 'auto' } = options;
  const n = x.length;
  const score = concordance(x, y);
  const [a, b] = [tiesOf(x), tiesOf(y)];
  const pairs = (n * (n - 1)) / 2;
  const [tiedX, tiedY] = [a, b].map((counts) => counts.reduce((sum, t) => sum + (t * (t - 1)) / 2, 0));
  if (tiedX === pairs || tiedY === pairs || n < 2) return { statistic: NaN, p: NaN };
  const least = Math.min(a.length, b.length);
  const statistic =
    variant === 'b'
      ? Math.max(-1, Math.min(1, score / Math.sqrt((pairs - tiedX) * (pairs - tiedY))))
      : (2 * score) / (n ** 2 * ((least - 1) / least));
  const ties = tiedX > 0 || tiedY > 0;
  const discordant = (pairs - score) / 2;
  const few = Math.min(discordant, pairs - discordant);
  if (method === 'exact' || (method === 'auto' && !ties && (n <= 33 || few <= 1))) return { statistic, p: exactP(n, few) };
  const third = (counts: readonly number[]) => counts.reduce((sum, t) => sum + t * (t - 1) * (t - 2), 0);
  const fifth = (counts: readonly number[]) => counts.reduce((sum, t) => sum + t * (t - 1) * (2 * t + 5), 0);
  const m = n * (n - 1);
  const variance =
    (m * (2 * n + 5) - fifth(a) - fifth(b)) / 18 +
    (2 * tiedX * tiedY) / m +
    (n > 2 ? (third(a) * third(b)) / (9 * m * (n - 2)) : 0);
  return { statistic, p: Math.min(1, 2 * normalUpper(Math.abs(score) / Math.sqrt(variance))) };
}

/** Pairs in the same order less pairs in the opposite. */
export function concordance(x: ArrayLike<number>, y: ArrayLike<number>): number {
  let score = 0;
  for (let i = 0; i < x.length; i++) for (let j = 0; j < i; j++) score += Math.sign(x[i] - x[j]) * Math.sign(y[i] - y[j]);
  return score;
}

/** Twice the share of permutations of n with at most `few` inversions. */
function exactP(n: number, few: number): number {
  if (4 * few === n * (n - 1)) return 1;
  const chance = new Float64Array(few + 1);
  chance[0] = 1;
  for (let i = 2; i <= n; i++) {
    // i equally likely numbers of inversions are added: a running sum
    let sum = 0;
    const before = Float64Array.from(chance);
    for (let k = 0; k <= few; k++) {
      sum += before[k] - (k >= i ? before[k - i] : 0);
      chance[k] = sum / i;
    }
  }
  return Math.min(1, 2 * chance.reduce((sum, c) => sum + c, 0));
}
