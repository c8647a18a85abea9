/** What model t still knows of real images it has not seen: the evidence lower bound and its two terms. */
import { HabsburgError } from '../common/errors.js';
import { tableOf } from './input.js';
import { rowsOf } from './rows.js';
import { NONE } from './settings.js';
import type { Evaluation, ObservationRef } from './types.js';

/** Both terms of the bound of the real test images under model t. */
const TEST_BOUNDS: ObservationRef = { observation: 'bound', of: 'test', under: 'self' };

/**
 * Mean over the real test images, nats an image, under model t: −reconstruction − divergence; at most about 0, higher is better.
 * `reconstruction`: binary cross-entropy of the pixels given one code drawn from the encoder's distribution (the same noise for an
 * image in every generation); `divergence`: Kullback-Leibler divergence of that distribution from the standard normal. The weight beta
 * of training plays no part. Pixels between black and white count as their expectation, so the cross-entropy never reaches 0.
 * n: images. Source: Kingma & Welling, arXiv:1312.6114 (2013), equation 10.
 */
export const elbo: Evaluation = {
  name: 'elbo',
  variant: 'real-test/one-code',
  version: 1,
  summary: 'Evidence lower bound of the real test images under model t, nats an image, with its two terms; higher is better.',
  higherIsBetter: true,
  of: 'images',
  group: 'real',
  needs: { observations: [TEST_BOUNDS] },
  settings: NONE,
  headline: ['real-test/one-code'],
  subject: 'model',
  compute(input, settings) {
    const { columns } = tableOf(input, TEST_BOUNDS);
    const images = columns.reconstruction.length;
    const mean = (terms: ArrayLike<number>): number => Array.from(terms).reduce((sum, nats) => sum + nats, 0) / images;
    const reconstruction = mean(columns.reconstruction);
    const divergence = mean(columns.divergence);
    if (!Number.isFinite(reconstruction + divergence)) {
      throw new HabsburgError('failed', 'a VAE gives bounds that are not numbers: its training has diverged; lower learningRate');
    }
    const row = rowsOf(this, settings);
    return [
      row(-reconstruction - divergence, images),
      row(reconstruction, images, 'reconstruction'),
      row(divergence, images, 'divergence'),
    ];
  },
};
