/** Wilcoxon's signed ranks of pairs. Biometrics Bulletin 1 (1945); zeros after Pratt, JASA 54 (1959). */
import { normalUpper } from './distributions.js';
import { ranksOf, tieTerm, tiesOf } from './ranks.js';
import { tailed, type Alternative, type TestResult } from './types.js';

export interface WilcoxonOptions {
  readonly alternative?: Alternative;
  /** differences of 0 are left out (wilcox), ranked and left out (pratt), or ranked and split in half (zsplit); default wilcox */
  readonly zeros?: 'wilcox' | 'pratt' | 'zsplit';
  /** default: exact of up to 50 differences, none of them 0. With ties exact means: over all signs of these very ranks */
  readonly method?: 'auto' | 'exact' | 'asymptotic';
  /** of the asymptotic p value; default false, as scipy's */
  readonly continuity?: boolean;
}

/** Of differences. The statistic is W+, for two sides the smaller of W+ and W-. scipy.stats.wilcoxon */
export function wilcoxon(differences: ArrayLike<number>, options: WilcoxonOptions = {}): TestResult {
  const { alternative = 'two-sided', zeros = 'wilcox', method = 'auto', continuity = false } = options;
  const all = Array.from(differences);
  const kept = zeros === 'wilcox' ? all.filter((d) => d !== 0) : all;
  const none = all.filter((d) => d === 0).length;
  const sizes = kept.map(Math.abs);
  const ranks = ranksOf(sizes);
  let [plus, minus, zero] = [0, 0, 0];
  kept.forEach((d, i) => {
    if (d > 0) plus += ranks[i];
    else if (d < 0) minus += ranks[i];
    else zero += ranks[i];
  });
  if (zeros === 'zsplit') [plus, minus] = [plus + zero / 2, minus + zero / 2];
  const statistic = alternative === 'two-sided' ? Math.min(plus, minus) : plus;
  if (kept.length === 0) return { statistic, p: NaN };
  if (method === 'exact' || (method === 'auto' && none === 0 && kept.length <= 50))
    return { statistic, p: tailed(exactUpper(minus, ranks), exactUpper(plus, ranks), alternative) };
  const count = kept.length;
  const dropped = zeros === 'pratt' ? none : 0;
  const mean = (count * (count + 1)) / 4 - (dropped * (dropped + 1)) / 4;
  const square = count * (count + 1) * (2 * count + 1) - dropped * (dropped + 1) * (2 * dropped + 1);
  // zeros that are ranked and then left out are no ties
  const ties = tieTerm(tiesOf(zeros === 'zsplit' ? sizes : sizes.filter((size) => size !== 0)));
  const sd = Math.sqrt((square - ties / 2) / 24);
  const tail = (w: number): number => normalUpper((w - mean - (continuity ? 0.5 * Math.sign(w - mean) : 0)) / sd);
  return { statistic, p: tailed(tail(minus), tail(plus), alternative) };
}

/** P(W >= w) where each rank has either sign with equal chance. Mid-ranks are halves, so twice the ranks are counted. */
function exactUpper(w: number, ranks: Float64Array): number {
  const total = ranks.reduce((sum, rank) => sum + 2 * rank, 0);
  const chance = new Float64Array(total + 1);
  chance[0] = 1;
  let reached = 0;
  for (const rank of ranks) {
    reached += 2 * rank;
    for (let k = reached; k >= 0; k--) chance[k] = (chance[k] + (k >= 2 * rank ? chance[k - 2 * rank] : 0)) / 2;
  }
  let sum = 0;
  for (let k = total; k >= 2 * w; k--) sum += chance[k];
  return sum;
}
