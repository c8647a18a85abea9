/**
 * The affine flow: x = mean + L z with z standard normal, L lower triangular, its diagonal exp(scale). Trained by gradient descent on
 * the negative log likelihood, whose least value the Gaussian with the sample's mean and covariance (divisor n) has: what is left of a
 * difference between the two is the learner's. Source: Rezende & Mohamed, "Variational inference with normalizing flows",
 * arXiv:1505.05770 (2015).
 */
import { join } from 'node:path';
import { HabsburgError } from '../../../common/errors.js';
import { digestOf, sha256 } from '../../../common/canonical.js';
import { CounterRng } from '../../../common/philox.js';
import { readJsonObject, writeJson } from '../../../engine/checkpoint/json.js';
import { readSafetensors, writeSafetensors, type Weights } from '../../../engine/checkpoint/safetensors.js';
import { trainEpochs } from '../../../engine/train/loop.js';
import { createOptimizer } from '../../../engine/train/optimizers/index.js';
import { fitReport } from '../../host/fit-report.js';
import type { Family, FitJob, GenerateJob, JobIo, JobReport } from '../../host/types.js';
import type { AffineFlowPlan } from '../plan.js';
import { readPoints, writePoints, type PointRecord } from './records.js';

export const affineFlow: Family<AffineFlowPlan> = { name: 'affine-flow', fit, generate };

/** mean: (d); factor: (d, d), below the diagonal L, on it the logarithm of L, above it nothing. */
function initialFlow(d: number): Weights {
  return new Map([
    ['mean', { shape: [d], data: new Float32Array(d) }],
    ['factor', { shape: [d, d], data: new Float32Array(d * d) }],
  ]);
}

/** A parsed flow in double precision: mean (d), lower (d, d). */
interface Flow {
  readonly d: number;
  readonly mean: ArrayLike<number>;
  readonly lower: Float64Array;
}

function flowOf(weights: ReadonlyMap<string, { readonly data: ArrayLike<number> }>): Flow {
  const mean = weights.get('mean')!.data;
  const factor = weights.get('factor')!.data;
  const d = mean.length;
  const lower = new Float64Array(d * d);
  for (let i = 0; i < d; i++)
    for (let j = 0; j <= i; j++) lower[i * d + j] = i === j ? Math.exp(factor[i * d + i]) : factor[i * d + j];
  return { d, mean, lower };
}

/**
 * Negative log likelihood of one point, nats; with `gradient`, adds its gradient by mean and factor times `share`.
 * @param z receives the point's z
 */
function nllOf(
  flow: Flow,
  x: ArrayLike<number>,
  z: Float64Array,
  gradient?: { mean: Float32Array; factor: Float32Array; share: number },
): number {
  // prettier-ignore
  const { d, mean, lower } = flow;
  let nll = (d / 2) * Math.log(2 * Math.PI);
  for (let i = 0; i < d; i++) {
    let rest = x[i] - mean[i];
    for (let j = 0; j < i; j++) rest -= lower[i * d + j] * z[j];
    z[i] = rest / lower[i * d + i];
    nll += Math.log(lower[i * d + i]) + z[i] ** 2 / 2;
  }
  if (!gradient) return nll;
  // g = L^-T z, by back substitution
  const g = new Float64Array(d);
  for (let i = d - 1; i >= 0; i--) {
    let rest = z[i];
    for (let j = i + 1; j < d; j++) rest -= lower[j * d + i] * g[j];
    g[i] = rest / lower[i * d + i];
  }
  for (let i = 0; i < d; i++) {
    gradient.mean[i] -= gradient.share * g[i];
    for (let j = 0; j < i; j++) gradient.factor[i * d + j] -= gradient.share * g[i] * z[j];
    gradient.factor[i * d + i] += gradient.share * (1 - g[i] * z[i] * lower[i * d + i]);
  }
  return nll;
}

async function fit(job: FitJob<AffineFlowPlan>, io: JobIo): Promise<JobReport> {
  const [train, valid] = [await readPoints(job.train), await readPoints(job.valid)];
  if (train.count === 0) throw new HabsburgError('invalid', 'there are no points to train on');
  const d = train.dimensions;
  const weights = 'model' in job.start ? await readSafetensors(join(job.start.model, 'model.safetensors')) : initialFlow(d);
  const { training: settings } = job;
  const optimizer = createOptimizer(weights, settings);
  const [mean, factor] = ['mean', 'factor'].map((name) => optimizer.gradients.get(name)!.data as Float32Array);
  const rng = new CounterRng(job.rng);
  const at = ({ data }: typeof train, i: number) => data.subarray(i * d, (i + 1) * d);
  const z = new Float64Array(d);
  const report = await trainEpochs({
    settings,
    examples: train.count,
    perStep: Math.min(settings.batch, train.count),
    rng,
    run: digestOf({ settings, key: rng.key, train: sha256(new Uint8Array(train.data.buffer)), start: 'model' in job.start }),
    optimizer,
    selected: weights,
    resumeFrom: job.resume,
    onProgress: ({ perSecond: _, ...progress }) => io.progress(progress),
    checkpointDue: io.checkpointDue,
    checkpoint: io.checkpoint,
    step(chosen, learningRate) {
      mean.fill(0);
      factor.fill(0);
      const flow = flowOf(optimizer.weights as ReadonlyMap<string, { data: ArrayLike<number> }>);
      const gradient = { mean, factor, share: 1 / chosen.length };
      let sum = 0;
      for (const i of chosen) sum += nllOf(flow, at(train, i), z, gradient);
      optimizer.step(learningRate);
      return Promise.resolve({ nllSum: sum, targetCount: chosen.length, size: chosen.length });
    },
    validate() {
      const flow = flowOf(optimizer.weights as ReadonlyMap<string, { data: ArrayLike<number> }>);
      let sum = 0;
      for (let i = 0; i < valid.count; i++) sum += nllOf(flow, at(valid, i), z);
      return Promise.resolve(valid.count === 0 ? null : sum / valid.count);
    },
  });
  await writeJson(join(job.out, 'config.json'), { model_type: 'affine-flow', dimensions: d });
  await writeSafetensors(join(job.out, 'model.safetensors'), weights);
  return fitReport(report);
}

async function generate(job: GenerateJob<AffineFlowPlan>): Promise<JobReport> {
  await readJsonObject(join(job.model, 'config.json'));
  const { d, mean, lower } = flowOf(
    (await readSafetensors(join(job.model, 'model.safetensors'))) as ReadonlyMap<string, { data: ArrayLike<number> }>,
  );
  const count = job.count ?? (await readPoints(job.prompts)).count;
  const rng = new CounterRng(job.rng);
  const records = Array.from({ length: count }, (_, i): PointRecord => {
    const z = Array.from({ length: d }, (_d, j) => rng.normal(i, j));
    const point = Array.from(mean, (m, row) =>
      z.slice(0, row + 1).reduce((sum, value, j) => sum + lower[row * d + j] * value, m),
    );
    return {
      id: `g${job.origin.generation}/${job.origin.member}/${String(i).padStart(6, '0')}`,
      origin: { kind: 'generated', ...job.origin },
      point,
    };
  });
  return { records: await writePoints(job.out, records) };
}
