/** Mann and Whitney's U of two independent samples. Annals of Mathematical Statistics 18 (1947). */
import { normalUpper } from './distributions.js';
import { ranksOf, tieTerm, tiesOf } from './ranks.js';
import { tailed, type Alternative, type TestResult } from './types.js';

export interface MannWhitneyOptions {
  readonly alternative?: Alternative;
  /** default: exact where one sample has at most 8 values and nothing is tied, as scipy's */
  readonly method?: 'auto' | 'exact' | 'asymptotic';
  /** of the asymptotic p value, by half a step; default true */
  readonly continuity?: boolean;
}

export interface MannWhitney extends TestResult {
  /** 2U/(nm) - 1: how much more often the first is above than below, in [-1, 1]; Cliff's delta */
  readonly rankBiserial: number;
}

/** The statistic is the first sample's U: pairs in which it is above, ties by half. scipy.stats.mannwhitneyu */
export function mannWhitney(a: ArrayLike<number>, b: ArrayLike<number>, options: MannWhitneyOptions = {}): MannWhitney {
  const { alternative = 'two-sided', method = 'auto', continuity = true } = options;
  const [n, m] = [a.length, b.length];
  const all = Float64Array.from([...Array.from(a), ...Array.from(b)]);
  const ranks = ranksOf(all);
  let sum = 0;
  for (let i = 0; i < n; i++) sum += ranks[i];
  const statistic = sum - (n * (n + 1)) / 2;
  const counts = tiesOf(all);
  const exact = method === 'exact' || (method === 'auto' && Math.min(n, m) <= 8 && counts.length === all.length);
  const upper = (u: number): number => (exact ? exactUpper(u, n, m) : normalTail(u, n, m, counts, continuity));
  return {
    statistic,
    p: tailed(upper(n * m - statistic), upper(statistic), alternative),
    rankBiserial: (2 * statistic) / (n * m) - 1,
  };
}

/** P(U >= u) of continuous values. */
function exactUpper(u: number, n: number, m: number): number {
  const [few, many] = n < m ? [n, m] : [m, n];
  const half = Math.floor((n * m) / 2);
  // the number of arrangements with each U is a Gaussian binomial coefficient; the lower half of it, the rest is its mirror
  const counts = new Float64Array(half + 1);
  counts[0] = 1;
  let total = 1;
  for (let i = 1; i <= few; i++) {
    for (let k = half; k >= many + i; k--) counts[k] -= counts[k - many - i];
    for (let k = i; k <= half; k++) counts[k] += counts[k - i];
    total *= (many + i) / i;
  }
  let below = 0;
  // P(U >= u) = P(U <= nm - u)
  const to = Math.floor(n * m - u);
  if (to <= half) {
    for (let k = 0; k <= to; k++) below += counts[k];
    return below / total;
  }
  for (let k = 0; k < n * m - to; k++) below += counts[k];
  return 1 - below / total;
}

function normalTail(u: number, n: number, m: number, counts: readonly number[], continuity: boolean): number {
  const N = n + m;
  const sd = Math.sqrt(((n * m) / 12) * (N + 1 - tieTerm(counts) / (N * (N - 1))));
  const off = u - (n * m) / 2 - (continuity ? 0.5 : 0);
  // all are equal: 0 or less by the correction, over no spread
  if (sd === 0) return off > 0 ? 0 : 1;
  return normalUpper(off / sd);
}
