/** Perplexity of model t on the real test set: does it still predict what people wrote? */
import { HabsburgError } from '../common/errors.js';
import { metricDefaults, METRIC_WORDS } from '../spec/metrics.js';
import type { Likelihood, Metric } from './types.js';

/** Mean nats a token over all likelihoods; refuses what a diverged model gives. */
export function meanNll(likelihoods: readonly Likelihood[]): { mean: number; tokens: number } {
  let sum = 0;
  let tokens = 0;
  for (const { nllSum, tokenCount } of likelihoods) {
    sum += nllSum;
    tokens += tokenCount;
  }
  if (!Number.isFinite(sum)) {
    throw new HabsburgError(
      'failed',
      'a model gives likelihoods that are not numbers: its training has diverged; lower learningRate, or clip gradients',
    );
  }
  return { mean: sum / tokens, tokens };
}

/**
 * exp of the mean negative log likelihood over all predicted tokens of the real test blocks under model t, in [1, ∞).
 * n: predicted tokens (block - 1 a block). Not the mean over batches, which differs when the last batch is short.
 * Source: Shumailov et al., Nature 631:755 (2024), figure 1 right.
 */
export const perplexity: Metric = {
  name: 'perplexity',
  variant: METRIC_WORDS.perplexity.variant,
  version: 1,
  summary: 'Perplexity of model t on the real test blocks: exp of the mean nats a token; from 1, lower is better.',
  higherIsBetter: false,
  needs: ['testUnderSelf'],
  defaults: metricDefaults('perplexity'),
  headline: [METRIC_WORDS.perplexity.variant],
  subject: 'model',
  compute(input, settings) {
    const { mean, tokens } = meanNll(input.testUnderSelf ?? []);
    if (tokens === 0) return [];
    return [{ metric: this.name, variant: this.variant, version: this.version, value: Math.exp(mean), n: tokens, settings }];
  },
};
