/** Whether what model t writes drifts, as a whole, in the code of generation 0's encoder. */
import { metricDefaults, METRIC_WORDS } from '../spec/metrics.js';
import { firstCodes, moments } from './latent.js';
import type { Metric } from './types.js';

/**
 * Mean of all numbers of all codes together, as in latent-std; any sign, about 0 for a well-trained model of generation 0. n: images.
 * Source: Shumailov et al., arXiv:2305.17493 (2023), published notebook of the VAE experiment.
 */
export const latentMean: Metric = {
  name: 'latent-mean',
  variant: METRIC_WORDS['latent-mean'].variant,
  version: 1,
  summary: 'Mean of the codes that the encoder of generation 0 gives what model t wrote; about 0 where nothing drifts.',
  needs: ['codesUnderFirst'],
  defaults: metricDefaults('latent-mean'),
  subject: 'generated',
  compute(input, settings) {
    const { latent, means } = firstCodes(input.codesUnderFirst!, Number(settings.images));
    const { name: metric, variant, version } = this;
    return [{ metric, variant, version, value: moments(means).mean, n: means.length / latent, settings }];
  },
};
