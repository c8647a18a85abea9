/** Trains a VAE on images. */
import { createHash } from 'node:crypto';
import { digestOf } from '../../common/canonical.js';
import { HabsburgError } from '../../common/errors.js';
import type { Images } from '../../common/images.js';
import type { CounterRng } from '../../common/philox.js';
import type { Device } from '../devices.js';
import { weightFeeds } from '../models/weights.js';
import { float32, Session } from '../session.js';
import { gradientName } from '../train/graph.js';
import { trainEpochs, type LoopHooks, type LoopReport } from '../train/loop.js';
import { createOptimizer } from '../train/optimizers/index.js';
import { imageBatch, noiseBatch } from './batches.js';
import type { Vae } from './checkpoint.js';
import { vaeConfigJson } from './config.js';
import { vaeTrainingGraph } from './objective.js';
import { checkImages, VaeScorer } from './score.js';
import type { VaeTrainingPlan } from './settings.js';

export interface FitVaeOptions extends LoopHooks {
  /** trained in place: its weights are the selected ones at the end */
  readonly vae: Vae;
  readonly train: Images;
  /** what each image counts for in the loss, above 0; absent: all alike */
  readonly trainWeights?: Float32Array;
  readonly valid: Images;
  readonly settings: VaeTrainingPlan;
  /** draws the order of images, and the codes of every step */
  readonly rng: CounterRng;
  readonly threads: number;
  readonly device?: Device;
}

/**
 * Minimises the mean over a step's images, weighted where they have weights, of reconstruction + beta · divergence (nats an image), a
 * code an image and step. The weights depend
 * on the options alone, not on threads or attempts.
 * @throws HabsburgError `invalid` for images that do not fit, `failed` when training diverges
 */
export async function fitVae(options: FitVaeOptions): Promise<LoopReport> {
  const { vae, train, trainWeights, valid, settings, rng, threads, device } = options;
  const { config, weights } = vae;
  if (train.count === 0) throw new HabsburgError('invalid', 'there are no images to train on');
  if (settings.select === 'best' && valid.count === 0)
    throw new HabsburgError('invalid', 'select: best needs validation images, and there are none; give some or use select: last');
  if (trainWeights && trainWeights.length !== train.count)
    throw new HabsburgError(
      'verification',
      `there are weights for ${trainWeights.length} of ${train.count} images; the dataset is damaged`,
    );
  checkImages(train, config);
  checkImages(valid, config);

  const rows = Math.min(settings.batch, train.count);
  const { latent } = config.architecture;
  const optimizer = createOptimizer(weights, settings);
  const feeds = weightFeeds(optimizer.weights);
  const gradients = Object.fromEntries(
    [...optimizer.gradients].map(([name, { shape, data }]) => [gradientName(name), float32(data, shape)]),
  );
  const codes = rng.derive('codes');
  const session = await Session.create(vaeTrainingGraph(config, rows, settings.beta), { threads, device });
  const scorer = new VaeScorer(config, feeds, threads, device);
  try {
    return await trainEpochs({
      ...options,
      examples: train.count,
      perStep: rows,
      run: digestOf({
        settings,
        key: rng.key,
        architecture: vaeConfigJson(config),
        train: imagesDigest(train),
        ...(trainWeights && { weights: weightsDigest(trainWeights) }),
        valid: imagesDigest(valid),
      }),
      optimizer,
      selected: weights,
      async step(chosen, learningRate) {
        const weightOf = (row: number) => trainWeights?.[chosen[row]] ?? 1;
        let total = 0;
        for (let row = 0; row < chosen.length; row++) total += weightOf(row);
        const shares = Float32Array.from({ length: rows }, (_, row) => (row < chosen.length ? weightOf(row) / total : 0));
        const result = await session.run(
          {
            ...feeds,
            images: imageBatch(train, chosen, rows),
            noise: noiseBatch(codes, 0, rows, latent, optimizer.steps),
            shares: float32(shares, [rows, 1]),
          },
          ['reconstruction', 'divergence', ...Object.keys(gradients)],
          gradients,
        );
        optimizer.step(learningRate);
        const terms = [result.reconstruction.data, result.divergence.data] as Float32Array[];
        return {
          nllSum: loss(terms[0], terms[1], chosen.length, settings.beta, weightOf),
          targetCount: total,
          size: chosen.length,
        };
      },
      async validate() {
        if (valid.count === 0) return null;
        const { reconstruction, divergence } = await scorer.score(valid, rng.derive('validation'));
        return loss(reconstruction, divergence, valid.count, settings.beta) / valid.count;
      },
    });
  } finally {
    await session.release();
    await scorer.release();
  }
}

/** Σ weight · (reconstruction + beta · divergence) over the first `count` images. */
function loss(
  reconstruction: ArrayLike<number>,
  divergence: ArrayLike<number>,
  count: number,
  beta: number,
  weightOf: (i: number) => number = () => 1,
): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += weightOf(i) * (reconstruction[i] + beta * divergence[i]);
  return sum;
}

function weightsDigest(weights: Float32Array): string {
  return createHash('sha256').update(weights).digest('hex');
}

function imagesDigest({ count, height, width, pixels }: Images): string {
  return createHash('sha256')
    .update(Int32Array.of(count, height, width))
    .update(pixels)
    .digest('hex');
}
