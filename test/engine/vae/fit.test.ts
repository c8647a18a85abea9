/** Training a VAE: exact resume, independence of threads, selection, what is refused. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Images } from '../../../common/images.js';
import { CounterRng } from '../../../common/philox.js';
import type { Weights } from '../../../engine/checkpoint/safetensors.js';
import { loadVae, saveVae, type Vae } from '../../../engine/vae/checkpoint.js';
import { initialVaeWeights, type VaeConfig } from '../../../engine/vae/config.js';
import { fitVae, type FitVaeOptions } from '../../../engine/vae/fit.js';
import { scoreImages } from '../../../engine/vae/score.js';
import { writeImages } from '../../../engine/vae/write.js';
import type { VaeTrainingPlan } from '../../../engine/vae/settings.js';

const rng = new CounterRng({ seed: 3, generation: 0, member: 'v', step: 'finetune' });
const settings: VaeTrainingPlan = {
  epochs: 4,
  batch: 32,
  learningRate: 1e-2,
  schedule: 'constant',
  minLearningRate: 0,
  scheduleUnit: 'step',
  warmup: 0,
  weightDecay: 1e-5,
  betas: [0.9, 0.999],
  epsilon: 1e-8,
  clip: 0,
  beta: 1,
  select: 'best',
};
const CONFIGS: readonly VaeConfig[] = [
  { architecture: { kind: 'conv', latent: 4, channels: [4, 8] }, height: 16, width: 16 },
  { architecture: { kind: 'dense', latent: 4, hidden: [24] }, height: 16, width: 16 },
];

/** Upright bars at one of several places: something to learn. */
function bars(count: number, lane: number): Images {
  const pixels = new Uint8Array(count * 256);
  for (let i = 0; i < count; i++) {
    const at = rng.integer(14, i, lane);
    for (let y = 0; y < 16; y++)
      pixels.fill(200 + rng.integer(56, i, lane + 1), i * 256 + y * 16 + at, i * 256 + y * 16 + at + 2);
  }
  return { count, height: 16, width: 16, pixels };
}
const train = bars(72, 10); // a short last step
const valid = bars(40, 20);
const fresh = (config: VaeConfig): Vae => ({ config, weights: initialVaeWeights(config, rng.derive('init')) });
const run = async (config: VaeConfig, more: Partial<FitVaeOptions> = {}) => {
  const vae = fresh(config);
  return { vae, report: await fitVae({ vae, train, valid, settings, rng, threads: 1, ...more }) };
};
const bytes = (weights: Weights): string =>
  [...weights]
    .map(([name, { data }]) => name + Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'))
    .join();

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'habsburg-vae-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.each(CONFIGS.map((config) => ({ config, kind: config.architecture.kind })))('a $kind VAE', ({ config, kind }) => {
  test('weights: all alike change no bit, and a step follows the weighted mean of the images', async () => {
    const plain = await run(config);
    const alike = await run(config, { trainWeights: new Float32Array(72).fill(0.5) });
    expect(bytes(alike.vae.weights)).toBe(bytes(plain.vae.weights));
    expect(alike.report.epochs).toEqual(plain.report.epochs);

    // one step of plain gradient descent from the same weights: where it leads is linear in the shares of the images
    const few = bars(3, 40);
    const descent = { optimizer: 'sgd', momentum: 0, nesterov: false, betas: undefined, epsilon: undefined, weightDecay: 0, epochs: 1, batch: 4, learningRate: 1e-2, select: 'last' };
    const step = async (...weights: number[]) =>
      (await run(config, { train: few, settings: { ...settings, ...descent } as never, trainWeights: Float32Array.from(weights) })).vae.weights;
    const [first, second, third] = [await step(1, 1e-6, 1e-6), await step(1e-6, 1, 1e-6), await step(1e-6, 1e-6, 1)];
    const all = await step(5, 2, 1);
    const start = fresh(config).weights;
    let moved = 0;
    for (const [name, { data }] of all)
      for (let i = 0; i < data.length; i++) {
        const [a, b, c] = [first, second, third].map((weights) => weights.get(name)!.data[i]);
        expect(Math.abs(data[i] - (5 * a + 2 * b + c) / 8)).toBeLessThan(2e-6);
        moved = Math.max(moved, Math.abs(data[i] - start.get(name)!.data[i]), Math.abs(a - b));
      }
    expect(moved).toBeGreaterThan(1e-3);
  }); // prettier-ignore

  test('weights that are not of these images are refused', async () => {
    await expect(run(config, { trainWeights: Float32Array.of(1, 2) })).rejects.toThrow(
      'there are weights for 2 of 72 images; the dataset is damaged',
    );
  });

  test('learns, and keeps its best epoch', async () => {
    const { vae, report } = await run(config);
    const losses = report.epochs.map(({ validLoss }) => validLoss!);
    expect(report.steps).toBe(12);
    expect(losses.at(-1)!).toBeLessThan(0.9 * losses[0]);
    expect(report.bestValidLoss).toBe(Math.min(...losses));
    const { reconstruction, divergence } = await scoreImages(vae, valid, rng.derive('validation'), 1);
    const loss = reconstruction.reduce((sum, nats, i) => sum + nats + divergence[i], 0) / valid.count;
    expect(loss).toBeCloseTo(report.bestValidLoss!, 10);
  });

  test('is the same to the bit on 1, 2 and 3 threads, and resumed from any step', async () => {
    const whole = bytes((await run(config)).vae.weights);
    for (const threads of [2, 3]) expect(bytes((await run(config, { threads })).vae.weights)).toBe(whole);
    const folders: string[] = [];
    let due = 0;
    await run(config, {
      checkpointDue: () => ++due % 3 === 2,
      async checkpoint(write) {
        folders.push(join(folder, `${kind}-${folders.length}`));
        await mkdir(folders.at(-1)!);
        await write(folders.at(-1)!);
      },
    });
    expect(folders.length).toBe(4);
    for (const resumeFrom of folders) {
      const { vae, report } = await run(config, { resumeFrom });
      expect(bytes(vae.weights)).toBe(whole);
      expect(report.epochs).toHaveLength(4);
    }
    await expect(run(config, { resumeFrom: folders[0], settings: { ...settings, beta: 2 } })).rejects.toThrow(
      'is a checkpoint of another training run',
    );
  });

  test('writes the same images in one go, in parts and from any number on', async () => {
    const vae = fresh(config);
    const write = async (startAt: number, pixels: 'mean' | 'bernoulli'): Promise<Uint8Array> => {
      const all = new Uint8Array(50 * 256);
      await writeImages({
        vae,
        count: 50,
        settings: { pixels, batch: 16 },
        rng,
        threads: 1,
        startAt,
        onBatch: async (start, part) => all.set(part, start * 256),
      });
      return all.subarray(startAt * 256);
    };
    const means = await write(0, 'mean');
    const coins = await write(0, 'bernoulli');
    for (const start of [16, 23]) {
      expect(await write(start, 'mean')).toEqual(means.subarray(start * 256));
      expect(await write(start, 'bernoulli')).toEqual(coins.subarray(start * 256));
    }
    expect(new Set(coins)).toEqual(new Set([0, 255]));
    const brightness = (of: Uint8Array): number => of.reduce((sum, v) => sum + v, 0) / of.length / 255;
    expect(Math.abs(brightness(coins) - brightness(means))).toBeLessThan((4 * 0.5) / Math.sqrt(coins.length));
  });

  test('its folder reads back bit for bit', async () => {
    const vae = fresh(config);
    const at = join(folder, `saved-${kind}`);
    await mkdir(at);
    await saveVae(at, vae);
    const again = await loadVae(at);
    expect(again.config).toEqual(config);
    expect(bytes(again.weights)).toBe(bytes(vae.weights));
  });
});

test('images of another size are refused, and sizes that cannot be halved', async () => {
  const [config] = CONFIGS;
  const odd = { count: 2, height: 8, width: 8, pixels: new Uint8Array(128) };
  await expect(run(config, { valid: odd })).rejects.toThrow('images of 8 x 8 pixels for a VAE of 16 x 16');
  const { checkImageSize } = await import('../../../engine/vae/config.js');
  expect(() => checkImageSize({ ...config, height: 18 })).toThrow('images of 18 x 16 pixels cannot be halved 2 times');
});
