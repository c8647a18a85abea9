/** How well a VAE knows images: both terms of the evidence lower bound of each, and where its encoder puts them. */
import type { Images } from '../../common/images.js';
import { HabsburgError } from '../../common/errors.js';
import type { CounterRng } from '../../common/philox.js';
import type { Device } from '../devices.js';
import { weightFeeds } from '../models/weights.js';
import { Session, type Tensor } from '../session.js';
import { consecutive, imageBatch, noiseBatch } from './batches.js';
import type { Vae } from './checkpoint.js';
import type { VaeConfig } from './config.js';
import { vaeScoringGraph } from './objective.js';

const BATCH = 256;

/** Under which the codes of a score are drawn: the same for every model and generation, so that differences are the models'. */
export const SCORING_CODES = { seed: 0, generation: 0, member: '', step: 'score', purpose: 'codes' } as const;

export interface VaeScores {
  /** nats, an image each: binary cross-entropy of the pixels given one code drawn for the image */
  readonly reconstruction: Float64Array;
  /** nats: Kullback-Leibler divergence of the code's distribution from the standard normal */
  readonly divergence: Float64Array;
  /** (images, latent): the means of the codes' distributions */
  readonly means: Float32Array;
}

/** Scores images with one set of weights; changed weights are seen. */
export class VaeScorer {
  #session?: Session;

  /** @param feeds the weights as a session takes them, read in place at every call */
  constructor(
    readonly config: VaeConfig,
    readonly feeds: Readonly<Record<string, Tensor>>,
    readonly threads: number,
    readonly device?: Device,
  ) {}

  /** @param rng draws the codes: image i gets the same numbers whatever its neighbours are */
  async score(images: Images, rng: CounterRng): Promise<VaeScores> {
    checkImages(images, this.config);
    const { latent } = this.config.architecture;
    const reconstruction = new Float64Array(images.count);
    const divergence = new Float64Array(images.count);
    const means = new Float32Array(images.count * latent);
    this.#session ??= await Session.create(vaeScoringGraph(this.config, BATCH), { threads: this.threads, device: this.device });
    for (let first = 0; first < images.count; first += BATCH) {
      const chosen = consecutive(first, BATCH, images.count);
      const result = await this.#session.run(
        { ...this.feeds, images: imageBatch(images, chosen, BATCH), noise: noiseBatch(rng, first, BATCH, latent, 0) },
        ['reconstruction', 'divergence', 'mean'],
      );
      const of = (name: string): Float32Array => result[name].data as Float32Array;
      reconstruction.set(of('reconstruction').subarray(0, chosen.length), first);
      divergence.set(of('divergence').subarray(0, chosen.length), first);
      means.set(of('mean').subarray(0, chosen.length * latent), first * latent);
    }
    return { reconstruction, divergence, means };
  }

  async release(): Promise<void> {
    await this.#session?.release();
  }
}

export async function scoreImages(
  vae: Vae,
  images: Images,
  rng: CounterRng,
  threads: number,
  device?: Device,
): Promise<VaeScores> {
  const scorer = new VaeScorer(vae.config, weightFeeds(vae.weights), threads, device);
  try {
    return await scorer.score(images, rng);
  } finally {
    await scorer.release();
  }
}

/** @throws HabsburgError `invalid` where images have another size than the model's */
export function checkImages({ height, width }: Images, config: VaeConfig): void {
  if (height === config.height && width === config.width) return;
  throw new HabsburgError(
    'invalid',
    `images of ${height} x ${width} pixels for a VAE of ${config.height} x ${config.width}; give all splits images of one size`,
  );
}
