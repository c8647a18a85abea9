/** Runs with every optimiser, of language models, adapters and VAEs: resumed they end bit-equal, on any number of threads, and learn. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CounterRng } from '../../../../common/philox.js';
import { loadCheckpoint } from '../../../../engine/checkpoint/huggingface.js';
import type { Weights } from '../../../../engine/checkpoint/safetensors.js';
import { fit } from '../../../../engine/train/fit.js';
import type { LoopHooks, LoopReport } from '../../../../engine/train/loop.js';
import { OPTIMIZER_NAMES, type OptimizerPlan } from '../../../../engine/train/optimizers/index.js';
import { initialVaeWeights } from '../../../../engine/vae/config.js';
import { fitVae } from '../../../../engine/vae/fit.js';

const rng = new CounterRng({ seed: 4, generation: 0, member: 'm', step: 'finetune' });
const common = {
  epochs: 3,
  schedule: 'linear',
  minLearningRate: 0,
  scheduleUnit: 'step',
  warmup: 0,
  clip: 1,
  select: 'last',
} as const;

/** Every optimiser with what it keeps beside the weights, and a rate that it learns with. */
const OPTIMIZERS: Readonly<Record<string, { readonly plan: OptimizerPlan; readonly rate: number }>> = {
  adamw: { plan: {}, rate: 0.01 },
  sgd: { plan: { optimizer: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 1e-3 }, rate: 0.1 },
  adafactor: { plan: { optimizer: 'adafactor', weightDecay: 1e-3 }, rate: 0.01 },
};

type Train = (
  plan: OptimizerPlan & { learningRate: number },
  hooks: LoopHooks,
  threads: number,
) => Promise<[Weights, LoopReport]>;

const rows = Array.from({ length: 10 }, (_, i) => Int32Array.from({ length: 16 }, (_, t) => 3 + ((5 * i + 3 * t) % 90)));
const languageModel =
  (lora?: object): Train =>
  async (plan, hooks, threads) => {
    const model = await loadCheckpoint('test/golden/lm/opt-odd-gelu');
    const settings = { ...common, batch: 2, accumulation: 2, dropout: 0.1, ...plan, ...(lora && { lora }) } as Parameters<
      typeof fit
    >[0]['settings'];
    const { weights, adapter, report } = await fit({ model, train: rows, valid: rows, settings, rng, threads, ...hooks });
    return [adapter?.weights ?? weights, report];
  };

const pixels = Uint8Array.from({ length: 40 * 256 }, (_, i) => (i % 16 < 8 ? 220 : 10));
const vae: Train = async (plan, hooks, threads) => {
  const images = { count: 40, height: 16, width: 16, pixels };
  const config = { architecture: { kind: 'conv', latent: 4, channels: [4, 8] }, height: 16, width: 16 } as const;
  const made = { config, weights: initialVaeWeights(config, rng.derive('init')) };
  const settings = { ...common, batch: 16, beta: 1, ...plan };
  return [made.weights, await fitVae({ vae: made, train: images, valid: images, settings, rng, threads, ...hooks })];
};

const TRAINED: Readonly<Record<string, Train>> = {
  'a language model': languageModel(),
  'a LoRA adapter': languageModel({ rank: 4, alpha: 8, dropout: 0.1, targets: ['all-linear'] }),
  'a VAE': vae,
};

const bits = (weights: Weights): string =>
  [...weights]
    .map(([name, { data }]) => name + Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'))
    .join();

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'optimizers-'))));
afterAll(() => rm(folder, { recursive: true }));

test('every optimiser is here', () => expect(Object.keys(OPTIMIZERS)).toEqual(OPTIMIZER_NAMES));

describe.each(Object.keys(OPTIMIZERS))('%s', (name) => {
  test.each(Object.keys(TRAINED))('%s', async (what) => {
    const { plan, rate } = OPTIMIZERS[name];
    const train = (hooks: LoopHooks, threads = 1) => TRAINED[what]({ ...plan, learningRate: rate }, hooks, threads);
    const folders: string[] = [];
    const [weights, report] = await train({
      checkpointDue: () => true,
      async checkpoint(write) {
        folders.push(join(folder, `${name}-${what}-${folders.length}`));
        await mkdir(folders.at(-1)!);
        await write(folders.at(-1)!);
      },
    });
    const losses = report.epochs.map(({ validLoss }) => validLoss!);
    expect(losses.at(-1)!).toBeLessThan(losses[0]);
    const whole = bits(weights);
    expect(bits((await train({}, 2))[0]) === whole).toBe(true);
    expect(folders).toHaveLength(report.steps - 1);
    for (const resumeFrom of [folders[0], folders[4]]) {
      const [again, itsReport] = await train({ resumeFrom });
      expect(bits(again) === whole).toBe(true);
      expect(itsReport).toEqual(report);
    }
  });
});
