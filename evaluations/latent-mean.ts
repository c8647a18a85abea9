/** Whether what model t writes drifts, as a whole, in the code of generation 0's encoder. */
import { CODES_UNDER_FIRST, codesOf, firstCodes, moments } from './latent.js';
import { rowsOf } from './rows.js';
import { IMAGES } from './settings.js';
import type { Evaluation } from './types.js';

/**
 * Mean of all numbers of all codes together, as in latent-std; any sign, about 0 for a well-trained model of generation 0. n: images.
 * Source: Shumailov et al., arXiv:2305.17493 (2023), published notebook of the VAE experiment.
 */
export const latentMean: Evaluation = {
  name: 'latent-mean',
  variant: 'encoder-0/pooled',
  version: 1,
  summary: 'Mean of the codes that the encoder of generation 0 gives what model t wrote; about 0 where nothing drifts.',
  of: 'images',
  group: 'other',
  needs: { observations: [CODES_UNDER_FIRST] },
  settings: IMAGES,
  subject: 'generated',
  compute(input, settings) {
    const { latent, means } = firstCodes(codesOf(input), Number(settings.images));
    return [rowsOf(this, settings)(moments(means).mean, means.length / latent)];
  },
};
