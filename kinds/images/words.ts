/** Images and autoencoders in words. */
import { optimizerWords } from '../../engine/train/optimizers/index.js';
import type { VaeArchitecturePlan } from '../../engine/vae/settings.js';
import { sourceName } from '../../spec/digest.js';
import { sampleWords, sampled, startWords, type Words } from '../phrases.js';
import type { ImageDataPlan, VaePlan } from './plan.js';

const SPLITS = ['train', 'valid', 'test'] as const;
const PIXELS = { mean: 'the decoder’s mean of each pixel', bernoulli: 'black and white pixels drawn from the decoder' };

export const imageWords: Words<VaePlan, ImageDataPlan> = {
  sentence: ({ base, start, training, decoding, sample }, data) =>
    `Generation 0 fits ${vaeWords(base.architecture)} to ${sampled(sample, 'images')}real images (${sourceName(data!.train)}). Each later generation starts from ${startWords(start, 'fresh weights')}, ` +
    `trains${training.optimizer === undefined ? '' : ` by ${optimizerWords(training)}`} on what its mixture draws of real and written images, and writes more (${PIXELS[decoding.pixels]}).`,
  brief({ base, start, training, decoding, sample }) {
    const trains = training.optimizer === undefined ? '' : `trains by ${optimizerWords(training)}, `;
    return `${vaeWords(base.architecture)}; starts from ${startWords(start, 'its base')}, ${trains}writes images (pixels: ${decoding.pixels})${sampleWords(sample)}`;
  },
  data: (data) => ({
    head: 'data, images',
    splits: SPLITS.map((split) => {
      const source = data[split] ?? `${Number((100 * data.heldOut[split as 'valid' | 'test']).toPrecision(4))} % of train, held out`; // prettier-ignore
      return [split, `${source}${data.limit[split] === undefined ? '' : `, at most ${data.limit[split]} images`}`];
    }),
    prepared: 'images, splits',
  }),
};

/** Such as "a convolutional VAE (channels 16, 32; latent 20)". */
function vaeWords(architecture: VaeArchitecturePlan): string {
  return architecture.kind === 'conv'
    ? `a convolutional VAE (channels ${architecture.channels.join(', ')}; latent ${architecture.latent})`
    : `a fully connected VAE (hidden ${architecture.hidden.join(', ')}; latent ${architecture.latent})`;
}
