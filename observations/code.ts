/** Where a VAE's encoder puts each image. */
import { z } from 'zod';
import { readImages } from '../pool/images.js';
import { loadVae } from '../engine/vae/checkpoint.js';
import { SCORING_CODES, scoreImages } from '../engine/vae/score.js';
import { CounterRng } from '../common/philox.js';
import type { Instrument } from './types.js';

/** `code_0` … : the mean of the distribution that the encoder gives the image, a column a number of the latent code. */
const instrument: Instrument = {
  version: 1,
  settings: z.strictObject({}),
  async run({ data, model: folder }, { threads, device }) {
    const model = await loadVae(folder);
    const images = await readImages(data);
    const { means } = await scoreImages(model, images, new CounterRng(SCORING_CODES), threads, device);
    const { latent } = model.config.architecture;
    const column = (d: number): Float32Array => Float32Array.from({ length: images.count }, (_, i) => means[i * latent + d]);
    return { columns: Object.fromEntries(Array.from({ length: latent }, (_, d) => [`code_${d}`, column(d)])) };
  },
};

export default instrument;
