/** Page's test for an ordered alternative: do the columns rise from left to right, over all rows together? JASA 58 (1963). */
import { normalUpper } from './distributions.js';
import { ranksOf, tiesOf } from './ranks.js';
import type { TestResult } from './types.js';

export interface Page extends TestResult {
  /** P of an L at least as small: that the columns fall */
  readonly falling: number;
  readonly method: 'exact' | 'asymptotic';
}

/** The distribution of one row is over all subsets of the columns, that of all rows its convolution: up to so many it is quick. */
const EXACT = { columns: 10, rows: 30 };

/**
 * L = Σ j R(j), with p of one that is at least as large. Exact where nothing is tied within a row, of up to 10 columns and 30 rows.
 * Under the hypothesis every order within a row is equally likely. scipy.stats.page_trend_test
 */
export function page(rows: readonly ArrayLike<number>[], method: 'auto' | 'exact' | 'asymptotic' = 'auto'): Page {
  const [m, n] = [rows.length, rows[0].length];
  let statistic = 0;
  for (const row of rows) ranksOf(row).forEach((rank, j) => (statistic += (j + 1) * rank));
  const plain = rows.every((row) => tiesOf(row).length === n);
  if (method === 'exact' || (method === 'auto' && plain && n <= EXACT.columns && m <= EXACT.rows)) {
    // the mirror image of an order has the mirror image of its L
    const sum = (m * n * (n + 1) ** 2) / 2;
    return { statistic, p: exactUpper(statistic, m, n), falling: exactUpper(sum - statistic, m, n), method: 'exact' };
  }
  const mean = (m * n * (n + 1) ** 2) / 4;
  const sd = Math.sqrt((m * n ** 2 * (n + 1) * (n ** 2 - 1)) / 144);
  const z = (statistic - mean) / sd;
  return { statistic, p: normalUpper(z), falling: normalUpper(-z), method: 'asymptotic' };
}

/** P(L >= l). */
function exactUpper(l: number, m: number, n: number): number {
  const row = rowDistribution(n);
  let all = row;
  for (let i = 1; i < m; i++) all = convolved(all, row);
  let sum = 0;
  // L of m rows begins at m times the least of one
  for (let k = all.length - 1; k >= Math.max(0, Math.ceil(l) - m * least(n)); k--) sum += all[k];
  return sum;
}

/** Σ j (n + 1 - j): the columns fall in this row. */
const least = (n: number): number => (n * (n + 1) * (n + 2)) / 6;

/** Chances of Σ j R(j) - least(n) over all orders: column after column, by the set of ranks that are taken. */
function rowDistribution(n: number): Float64Array {
  const most = (n * (n + 1) * (2 * n + 1)) / 6;
  let states = new Map<number, Float64Array>([[0, Float64Array.of(1)]]);
  for (let column = 1; column <= n; column++) {
    const next = new Map<number, Float64Array>();
    for (const [taken, sums] of states)
      for (let rank = 1; rank <= n; rank++) {
        const bit = 1 << (rank - 1);
        if (taken & bit) continue;
        let into = next.get(taken | bit);
        if (into === undefined) next.set(taken | bit, (into = new Float64Array(most + 1)));
        for (let k = 0; k < sums.length && k + column * rank <= most; k++) into[k + column * rank] += sums[k] / (n - column + 1);
      }
    states = next;
  }
  return [...states.values()][0].slice(least(n));
}

function convolved(a: Float64Array, b: Float64Array): Float64Array {
  const out = new Float64Array(a.length + b.length - 1);
  for (let i = 0; i < a.length; i++) for (let j = 0; j < b.length; j++) out[i + j] += a[i] * b[j];
  return out;
}
