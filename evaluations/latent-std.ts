/** How far apart the images that model t wrote lie, seen by the encoder that knows only real ones: the paper's sign of collapse. */
import { countInto, linearEdges } from './histogram.js';
import { CODES_UNDER_FIRST, codesOf, firstCodes, moments } from './latent.js';
import { rowsOf } from './rows.js';
import { IMAGES } from './settings.js';
import type { Evaluation } from './types.js';

/** A standard normal code and what strays from it. */
const EDGES = linearEdges(-5, 5, 100);

/**
 * Standard deviation of all numbers of all codes together (divided by their count), where a code is the mean of the distribution that
 * the encoder of generation 0 of the same member and seed gives an image that model t wrote. In [0, ∞); n: images.
 * `by-dimension`: the mean over the code's dimensions of each one's standard deviation, which a shift between dimensions leaves alone.
 * Source: Shumailov et al., "The curse of recursion", arXiv:2305.17493 (2023), the VAE experiment, and its published notebook, which
 * takes 100 images; the histogram is the paper's figure of latents.
 */
export const latentStd: Evaluation = {
  name: 'latent-std',
  variant: 'encoder-0/pooled',
  version: 1,
  summary:
    'Standard deviation of the codes that the encoder of generation 0 gives what model t wrote; from 0, falls in collapse.',
  of: 'images',
  group: 'diversity',
  needs: { observations: [CODES_UNDER_FIRST] },
  settings: IMAGES,
  headline: ['encoder-0/pooled'],
  subject: 'generated',
  compute(input, settings) {
    const { latent, means } = firstCodes(codesOf(input), Number(settings.images));
    const n = means.length / latent;
    const ofDimension = (d: number): number => moments(Float32Array.from({ length: n }, (_, i) => means[i * latent + d])).sd;
    const sds = Array.from({ length: latent }, (_, d) => ofDimension(d));
    const row = rowsOf(this, settings);
    return [row(moments(means).sd, n), row(moments(sds).mean, n, 'by-dimension')];
  },
  series(input, settings) {
    const { means } = firstCodes(codesOf(input), Number(settings.images));
    return [{ metric: this.name, variant: this.variant, version: this.version, ...countInto(EDGES, means) }];
  },
};
