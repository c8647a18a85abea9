/** Writes images: codes from the standard normal, through the decoder. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CounterRng } from '../../common/philox.js';
import type { Device } from '../devices.js';
import { weightFeeds } from '../models/weights.js';
import { Session } from '../session.js';
import { noiseBatch } from './batches.js';
import type { Vae } from './checkpoint.js';
import { vaeDecodingGraph } from './objective.js';
import type { VaeDecodingPlan } from './settings.js';

export interface WriteImagesOptions {
  readonly vae: Vae;
  readonly count: number;
  readonly settings: VaeDecodingPlan;
  /** image i draws from its number alone */
  readonly rng: CounterRng;
  readonly threads: number;
  readonly device?: Device;
  /** images that are written already */
  readonly startAt: number;
  /** pixels of images start, start + 1 …, a byte each; awaited before the next batch */
  onBatch(start: number, pixels: Uint8Array): Promise<void>;
}

/** `mean`: the decoder's mean of each pixel, to the nearest of 256 grey levels; `bernoulli`: 255 with that probability, else 0. */
export async function writeImages(options: WriteImagesOptions): Promise<void> {
  const { vae, count, settings, rng, threads, device } = options;
  const { config } = vae;
  const size = config.height * config.width;
  const feeds = weightFeeds(new Map([...vae.weights].filter(([name]) => name.startsWith('decoder.'))));
  const session = await Session.create(vaeDecodingGraph(config, settings.batch), { threads, device });
  const coins = rng.derive('pixels');
  try {
    // Batches start at multiples of their size wherever an earlier attempt stopped, so that rows keep their neighbours.
    for (let first = options.startAt - (options.startAt % settings.batch); first < count; first += settings.batch) {
      const codes = noiseBatch(rng, first, settings.batch, config.architecture.latent, 0);
      const { pixels } = await session.run({ ...feeds, codes }, ['pixels']);
      const start = Math.max(first, options.startAt);
      const end = Math.min(count, first + settings.batch);
      const bytes = new Uint8Array((end - start) * size);
      for (let i = 0; i < bytes.length; i++) {
        const p = (pixels.data as Float32Array)[(start - first) * size + i];
        bytes[i] = settings.pixels === 'mean' ? Math.round(255 * p) : coins.uniform(start * size + i) < p ? 255 : 0;
      }
      await options.onBatch(start, bytes);
      await nextTurn();
    }
  } finally {
    await session.release();
  }
}
