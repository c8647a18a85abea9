/** The affine flow: its likelihood and gradient, that training finds the Gaussian of the sample, and that a kind is one folder. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { affineFlow } from '../../../kinds/points/host/affine-flow.js';
import { preparing } from '../../../kinds/points/host/prepare.js';
import { readPoints, writePoints, type PointRecord } from '../../../kinds/points/host/records.js';
import type { JobIo } from '../../../kinds/host/types.js';
import { readSafetensors } from '../../../engine/checkpoint/safetensors.js';
import { expand } from '../../../spec/expand.js';
import { load, problems } from '../../spec/support.js';
import { temporaryFolder } from '../../support/servers.js';

const SMALL = `schemaVersion: 1
name: twin
seeds: [1]
generations: 2
data: { dimensions: 2, mean: 1, sigma: 2, records: { train: 400, valid: 50, test: 50 } }
population:
  - name: flow
    family: affine-flow
    sample: 100
    training: { epochs: 5, batch: 50, learningRate: 0.05 }
conditions:
  - name: replace
    mixture: { kind: replace }
`;
const io: JobIo = { progress: () => undefined, checkpointDue: () => false, checkpoint: () => Promise.resolve(), threads: 1 };
const rng = { seed: 3, generation: 0, member: 'flow', step: 'finetune' };
const settings = { epochs: 400, batch: 1000, learningRate: 0.05, schedule: 'linear', minLearningRate: 0, scheduleUnit: 'step', warmup: 0, weightDecay: 0, clip: 0, select: 'last' } as const; // prettier-ignore

let root: ReturnType<typeof temporaryFolder>;
const folder = (name: string): string => {
  const path = join(root.path, name);
  mkdirSync(path, { recursive: true });
  return path;
};
beforeAll(() => {
  root = temporaryFolder();
});
afterAll(() => root.remove());

/** Points with a covariance that is no multiple of the identity. */
const cloud = (n: number): PointRecord[] =>
  Array.from({ length: n }, (_, i) => {
    const [u, v] = [Math.sin(12.9898 * i) * 2, Math.cos(78.233 * i)];
    return {
      id: `x/${String(i).padStart(6, '0')}`,
      origin: { kind: 'real', source: 'test' },
      point: [1 + u, -2 + 0.7 * u + 0.4 * v],
    };
  });

test('trained to its end it is the Gaussian of the sample: mean, and covariance divided by n', async () => {
  const train = folder('train');
  await writePoints(train, cloud(200));
  const out = folder('model');
  const start = { scratch: { kind: 'scratch' } } as const;
  await affineFlow.fit({ op: 'fit', family: 'affine-flow', train, valid: train, start, training: settings, rng, out }, io);
  const weights = await readSafetensors(join(out, 'model.safetensors'));
  const { data } = await readPoints(train);
  const n = data.length / 2;
  const column = (d: number) => Array.from({ length: n }, (_, i) => data[2 * i + d]);
  const mean = [0, 1].map((d) => column(d).reduce((a, b) => a + b, 0) / n);
  const cov = (a: number, b: number) => column(a).reduce((sum, x, i) => sum + (x - mean[a]) * (column(b)[i] - mean[b]), 0) / n;
  [...(weights.get('mean')!.data as Float32Array)].forEach((value, d) => expect(value).toBeCloseTo(mean[d], 3));
  const f = weights.get('factor')!.data as Float32Array;
  const [a, b, c] = [Math.exp(f[0]), f[2], Math.exp(f[3])];
  const found = [a * a, a * b, b * b + c * c];
  [cov(0, 0), cov(0, 1), cov(1, 1)].forEach((value, i) => expect(Math.abs(found[i] / value - 1)).toBeLessThan(0.002));
});

test('what it writes has its mean and covariance, each point by its number alone', async () => {
  const generate = async (count: number) => {
    const out = folder(`written-${count}`);
    const origin = { member: 'flow', generation: 0, model: 'sha256:0' };
    await affineFlow.generate({ op: 'generate', family: 'affine-flow', model: join(root.path, 'model'), prompts: '', count, decoding: {}, rng, out, origin }, io); // prettier-ignore
    return readPoints(out);
  };
  const [few, many] = [await generate(10), await generate(20_000)];
  expect([...few.data]).toEqual([...many.data.subarray(0, 20)]);
  const first = Array.from({ length: many.count }, (_, i) => many.data[2 * i]);
  const mean = first.reduce((a, b) => a + b, 0) / many.count;
  const sd = Math.sqrt(first.reduce((sum, x) => sum + (x - mean) ** 2, 0) / many.count);
  const model = await readSafetensors(join(root.path, 'model', 'model.safetensors'));
  const [mu, scale] = [(model.get('mean')!.data as Float32Array)[0], Math.exp((model.get('factor')!.data as Float32Array)[0])];
  // four standard errors
  expect(Math.abs(mean - mu)).toBeLessThan((4 * scale) / Math.sqrt(many.count));
  expect(Math.abs(sd / scale - 1)).toBeLessThan(4 / Math.sqrt(2 * many.count));
});

test('the real points are those of the plan, whoever draws them', async () => {
  const data = { dimensions: 3, mean: 5, sigma: 0.1, records: { train: 2000, valid: 2, test: 2 }, seed: 4 };
  const opened = await preparing.open(data, undefined);
  expect(opened.parameters).toEqual({ points: data });
  const { outputs } = await opened.write((name) => Promise.resolve(folder(`real-${name}`)));
  expect(outputs.train.facts).toEqual({ records: 2000, source: 'normal:3:5:0.1:seed-4' });
  const { data: found, dimensions } = await readPoints(outputs.train.folder);
  expect(dimensions).toBe(3);
  expect(Math.abs(found.reduce((a, b) => a + b, 0) / found.length - 5)).toBeLessThan((4 * 0.1) / Math.sqrt(found.length));
});

describe('a file', () => {
  test('has its defaults, and one run a seed', async () => {
    const { plan } = await load(SMALL);
    expect(plan.data).toEqual({
      points: { dimensions: 2, mean: 1, sigma: 2, records: { train: 400, valid: 50, test: 50 }, seed: 1 },
    });
    expect(plan.population[0]).toMatchObject({ base: { kind: 'scratch' }, start: 'base', training: { schedule: 'linear', weightDecay: 0 } }); // prettier-ignore
    expect(expand(plan as never).map(({ id }) => id)).toEqual(['replace/seed-1']);
  });

  test('what has no meaning for points is refused', async () => {
    expect(await problems(SMALL.replace('{ kind: replace }', '[{ from: self, through: [dedupe] }]'))).toEqual([
      'e.yaml:13:29: conditions.0.mixture.0.through: operators read texts, and points have none; remove it',
    ]);
    expect(await problems(SMALL.replace('dimensions: 2', 'dimension: 2'))).toEqual(
      expect.arrayContaining([expect.stringContaining('data.dimension: unknown key "dimension"; did you mean "dimensions"?')]),
    );
  });
});
