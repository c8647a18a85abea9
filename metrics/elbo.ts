/** What model t still knows of real images it has not seen: the evidence lower bound and its two terms. */
import { HabsburgError } from '../common/errors.js';
import { metricDefaults, METRIC_WORDS } from '../spec/metrics.js';
import type { Bound, Metric } from './types.js';

/**
 * Mean over the real test images, nats an image, under model t: −reconstruction − divergence; at most about 0, higher is better.
 * `reconstruction`: binary cross-entropy of the pixels given one code drawn from the encoder's distribution (the same noise for an
 * image in every generation); `divergence`: Kullback-Leibler divergence of that distribution from the standard normal. The weight beta
 * of training plays no part. Pixels between black and white count as their expectation, so the cross-entropy never reaches 0.
 * n: images. Source: Kingma & Welling, arXiv:1312.6114 (2013), equation 10.
 */
export const elbo: Metric = {
  name: 'elbo',
  variant: METRIC_WORDS.elbo.variant,
  version: 1,
  summary: 'Evidence lower bound of the real test images under model t, nats an image, with its two terms; higher is better.',
  higherIsBetter: true,
  needs: ['testBounds'],
  defaults: metricDefaults('elbo'),
  headline: [METRIC_WORDS.elbo.variant],
  subject: 'model',
  compute(input, settings) {
    const bounds = input.testBounds!;
    const mean = (of: (bound: Bound) => number): number => bounds.reduce((sum, bound) => sum + of(bound), 0) / bounds.length;
    const reconstruction = mean((bound) => bound.reconstruction);
    const divergence = mean((bound) => bound.divergence);
    if (!Number.isFinite(reconstruction + divergence)) {
      throw new HabsburgError('failed', 'a VAE gives bounds that are not numbers: its training has diverged; lower learningRate');
    }
    const common = { metric: this.name, version: this.version, n: bounds.length, settings };
    return [
      { ...common, variant: this.variant, value: -reconstruction - divergence },
      { ...common, variant: `${this.variant}/reconstruction`, value: reconstruction },
      { ...common, variant: `${this.variant}/divergence`, value: divergence },
    ];
  },
};
