/** What a VAE knows of each image: the two terms of its evidence lower bound. */
import { z } from 'zod';
import { readImages } from '../pool/images.js';
import { loadVae } from '../engine/vae/checkpoint.js';
import { SCORING_CODES, scoreImages } from '../engine/vae/score.js';
import { CounterRng } from '../common/philox.js';
import type { Instrument } from './types.js';

/**
 * `reconstruction`: binary cross-entropy of the pixels given one code drawn from the encoder's distribution, with the same noise for
 * an image in every generation; `divergence`: Kullback-Leibler divergence of that distribution from the standard normal; nats.
 */
const instrument: Instrument = {
  version: 1,
  settings: z.strictObject({}),
  async run({ data, model }, { threads, device }) {
    const { reconstruction, divergence } = await scoreImages(
      await loadVae(model),
      await readImages(data),
      new CounterRng(SCORING_CODES),
      threads,
      device,
    );
    return { columns: { reconstruction: Float64Array.from(reconstruction), divergence: Float64Array.from(divergence) } };
  },
};

export default instrument;
