/** Perplexity of model t on the real test set: does it still predict what people wrote? */
import { TEST_UNDER_SELF, likelihoodsOf, meanNll } from './likelihoods.js';
import { NONE } from './settings.js';
import type { Evaluation } from './types.js';

/**
 * exp of the mean negative log likelihood over all predicted tokens of the real test blocks under model t, in [1, ∞).
 * n: predicted tokens (block - 1 a block). Not the mean over batches, which differs when the last batch is short.
 * Source: Shumailov et al., Nature 631:755 (2024), figure 1 right.
 */
export const perplexity: Evaluation = {
  name: 'perplexity',
  variant: 'real-test/exp-mean-token',
  version: 1,
  summary: 'Perplexity of model t on the real test blocks: exp of the mean nats a token; from 1, lower is better.',
  higherIsBetter: false,
  of: 'texts',
  needs: { observations: [TEST_UNDER_SELF] },
  settings: NONE,
  headline: ['real-test/exp-mean-token'],
  subject: 'model',
  compute(input, settings) {
    const { mean, tokens } = meanNll(likelihoodsOf(input, TEST_UNDER_SELF));
    if (tokens === 0) return [];
    return [{ metric: this.name, variant: this.variant, version: this.version, value: Math.exp(mean), n: tokens, settings }];
  },
};
