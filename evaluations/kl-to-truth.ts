/** How far the words that a model writes are from a synthetic language's true distribution. */
import { textsOf, truthOf } from './input.js';
import { rowsOf } from './rows.js';
import { WORDS } from './settings.js';
import { countWords } from './words.js';
import type { Evaluation } from './types.js';

/** Σ q ln(q / p) in nats, q = counts / their sum; a count of 0 adds 0. Nothing is smoothed. */
export function klPlugIn(counts: ArrayLike<number>, probability: readonly number[]): number {
  let n = 0;
  for (let i = 0; i < counts.length; i++) n += counts[i];
  let kl = 0;
  for (let i = 0; i < counts.length; i++) if (counts[i] > 0) kl += (counts[i] / n) * Math.log(counts[i] / n / probability[i]);
  return kl;
}

/**
 * Exact expectation of klPlugIn for n independent draws from `probability`: Σ_i Σ_k Bin(k; n, p_i) (k/n) ln(k / (n p_i)).
 * About (words - 1) / 2n for large n: the estimator's bias, below which no model can be told from the truth.
 */
export function klOfHonestSampling(n: number, probability: readonly number[]): number {
  let sum = 0;
  for (const p of probability) {
    if (p >= 1) continue;
    const spread = 12 * Math.sqrt(n * p * (1 - p)) + 40; // beyond it a binomial's mass is below 1e-30
    const first = Math.max(1, Math.floor(n * p - spread));
    const last = Math.min(n, Math.ceil(n * p + spread));
    let log = logBinomial(n, first) + first * Math.log(p) + (n - first) * Math.log1p(-p);
    const odds = Math.log(p) - Math.log1p(-p);
    for (let k = first; k <= last; k++) {
      sum += Math.exp(log) * (k / n) * Math.log(k / (n * p));
      log += Math.log((n - k) / (k + 1)) + odds;
    }
  }
  return sum;
}

/** ln of n over k, k the smaller of k and n - k terms at most. */
function logBinomial(n: number, k: number): number {
  const terms = Math.min(k, n - k);
  let log = 0;
  for (let i = 1; i <= terms; i++) log += Math.log((n - terms + i) / i);
  return log;
}

/**
 * KL(written ‖ truth) of the unigram distribution of the first `words` written words, in nats, from 0: plug-in estimate over
 * the words inside the language, renormalised (n: those). `…/honest-sampling`: its exact expectation for as many independent
 * draws from the truth. `…/mass-outside`: share of written words that the language does not have (n: all counted words).
 * Written from truth, because truth from written is infinite as soon as one word is lost.
 */
export const klToTruth: Evaluation = {
  name: 'kl-to-truth',
  variant: 'written-from-truth/plug-in',
  version: 1,
  summary:
    'KL divergence of written word frequencies from the true ones (nats, plug-in), what honest sampling would give, and the share of words outside the language.',
  higherIsBetter: false,
  of: 'texts',
  group: 'real',
  needs: { records: ['generated'], truth: true },
  settings: WORDS,
  headline: ['written-from-truth/plug-in'],
  subject: 'generated',
  compute(input, settings) {
    const truth = truthOf(input);
    const { counts, outside, total } = countWords(textsOf(input, 'generated').texts, truth, Number(settings.words));
    if (total === 0) return [];
    const inside = total - outside;
    const row = rowsOf(this, settings);
    const away = row(outside / total, total, 'mass-outside');
    if (inside === 0) return [away];
    return [
      row(klPlugIn(counts, truth.probability), inside),
      row(klOfHonestSampling(inside, truth.probability), inside, 'honest-sampling'),
      away,
    ];
  },
};
