/** How likely model 0, which knows only real text, finds each block that model t wrote (Nature's figure 1, left). */
import { histogram, type LogBins } from './histogram.js';
import { WRITTEN_UNDER_FIRST, likelihoodsOf, meanNll, type Likelihood } from './likelihoods.js';
import { rowsOf } from './rows.js';
import { NONE } from './settings.js';
import { quantile } from '../statistics/summary.js';
import type { Evaluation } from './types.js';

/** Perplexities 1 to a million, twenty bins a decade. */
const BINS: LogBins = { from: 0, to: 6, perDecade: 20 };

const QUANTILES = { q05: 0.05, q50: 0.5, q95: 0.95, q99: 0.99 } as const;

/** Mean nats a token of each sequence, ascending; sequences without a predicted token are left out. */
function meansAscending(likelihoods: readonly Likelihood[]): number[] {
  return likelihoods
    .filter((l) => l.tokenCount > 0)
    .map((l) => meanNll([l]).mean)
    .sort((a, b) => a - b);
}

/**
 * Quantiles q05, q50, q95, q99 of exp(mean nats a token) over written blocks, each scored alone (without its prompt) by model 0
 * of the same member and seed, and `mean-log`, the mean of the logarithms (nats). n: blocks. Quantiles are numpy's `linear`.
 * Source: Shumailov et al., Nature 631:755 (2024), figure 1 left: the mode moves left, the right tail grows.
 */
export const sequencePerplexity: Evaluation = {
  name: 'sequence-perplexity',
  variant: 'under-model-0',
  version: 1,
  summary: 'Perplexity under model 0 of each block that model t wrote: quantiles q05, q50, q95, q99 and the mean log; histogram.',
  of: 'texts',
  group: 'tail',
  needs: { observations: [WRITTEN_UNDER_FIRST] },
  settings: NONE,
  headline: ['under-model-0/q50'],
  subject: 'generated',
  compute(input, settings) {
    const logs = meansAscending(likelihoodsOf(input, WRITTEN_UNDER_FIRST));
    if (logs.length === 0) return [];
    const values = logs.map((l) => Math.exp(l));
    const row = rowsOf(this, settings);
    const n = logs.length;
    return [
      ...Object.entries(QUANTILES).map(([part, q]) => row(quantile(values, q), n, part)),
      row(logs.reduce((sum, l) => sum + l, 0) / n, n, 'mean-log'),
    ];
  },
  series(input) {
    const values = meansAscending(likelihoodsOf(input, WRITTEN_UNDER_FIRST)).map((l) => Math.exp(l));
    return [{ metric: this.name, variant: this.variant, version: this.version, ...histogram(values, BINS) }];
  },
};
