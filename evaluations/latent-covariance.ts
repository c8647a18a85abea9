/** The volume that what model t writes takes in the code of generation 0's encoder. */
import { CODES_UNDER_FIRST, codesOf, covariance, firstCodes, logDeterminant } from './latent.js';
import { rowsOf } from './rows.js';
import { IMAGES } from './settings.js';
import type { Evaluation } from './types.js';

/**
 * Of the covariance matrix of the codes (as in latent-std; divided by the number of images): `trace`, in [0, ∞), and `log-det`, the
 * natural logarithm of its determinant, left out where the matrix is singular. n: images.
 * Source: Kazdan et al., "Collapse or thrive?", arXiv:2410.16713 (2024), who follow both for Gaussians, as ratios to generation 0;
 * here in the latent space.
 */
export const latentCovariance: Evaluation = {
  name: 'latent-covariance',
  variant: 'encoder-0',
  version: 1,
  summary: 'Trace and log-determinant of the covariance of the codes that the encoder of generation 0 gives what model t wrote.',
  of: 'images',
  group: 'diversity',
  needs: { observations: [CODES_UNDER_FIRST] },
  settings: IMAGES,
  subject: 'generated',
  compute(input, settings) {
    const codes = firstCodes(codesOf(input), Number(settings.images));
    const { latent } = codes;
    const matrix = covariance(codes);
    const trace = Array.from({ length: latent }, (_, d) => matrix[d * (latent + 1)]).reduce((a, b) => a + b, 0);
    const volume = logDeterminant(matrix, latent);
    const row = rowsOf(this, settings);
    const n = codes.means.length / latent;
    return [row(trace, n, 'trace'), ...(volume === undefined ? [] : [row(volume, n, 'log-det')])];
  },
};
