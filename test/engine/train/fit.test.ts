/** The training loop: against a torch run with the same schedule, exact resume, independence of threads, selection. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CounterRng } from '../../../common/philox.js';
import { mergeLora } from '../../../engine/adapters/lora.js';
import { loadCheckpoint } from '../../../engine/checkpoint/huggingface.js';
import { readSafetensors, type Weights } from '../../../engine/checkpoint/safetensors.js';
import { scoreRows } from '../../../engine/score.js';
import { fit, type FitOptions } from '../../../engine/train/fit.js';
import { learningRateAt } from '../../../engine/train/schedule.js';
import type { TrainingPlan } from '../../../kinds/text/plan.js';
import { readGolden } from '../../support/golden.js';
import { relativeError } from '../../support/numbers.js';

const DIR = 'test/golden/lm/opt-odd-gelu';
const rng = new CounterRng({ seed: 1, generation: 0, member: 'm', step: 'fit' });

interface Run {
  readonly schedule: string;
  readonly warmup: number;
  readonly minimum: number;
  readonly epochs: number;
  readonly lr: number;
  readonly betas: [number, number];
  readonly eps: number;
  readonly weight_decay: number;
  readonly clip: number;
  readonly valid: number[][];
  readonly rates: number[];
  readonly losses: { readonly train: number; readonly valid: number }[];
}
const { rows, runs } = (await readGolden(DIR)) as unknown as { rows: number[][]; runs: Run[] };
const ids = (lists: readonly (readonly number[])[]): Int32Array[] => lists.map((list) => Int32Array.from(list));

const plan = (run: Run): TrainingPlan => ({
  epochs: run.epochs,
  batch: 4,
  accumulation: 2,
  learningRate: run.lr,
  schedule: run.schedule.replace('-epoch', '') as TrainingPlan['schedule'],
  minLearningRate: run.minimum,
  scheduleUnit: run.schedule === 'cosine-epoch' ? 'epoch' : 'step',
  warmup: run.warmup,
  weightDecay: run.weight_decay,
  betas: run.betas,
  epsilon: run.eps,
  clip: run.clip,
  dropout: 0,
  select: 'last',
});

describe.each(runs)('the $schedule schedule', (run) => {
  test('learning rates are those of transformers and torch', () => {
    run.rates.forEach((rate, step) => expect(learningRateAt(plan(run), step, 1)).toBeCloseTo(rate, 12));
  });

  test('they are the same where length and warm-up are said in steps', () => {
    if (run.schedule === 'cosine-epoch') return;
    const { epochs, warmup, ...rest } = plan(run);
    const inSteps = { ...rest, maxSteps: epochs!, warmup: Math.ceil(warmup * epochs!) };
    run.rates.forEach((rate, step) => expect(learningRateAt(inSteps, step, 1)).toBeCloseTo(rate, 12));
  });

  test('losses of a run over ragged rows with accumulation follow torch', async () => {
    const model = await loadCheckpoint(DIR);
    const { weights, report } = await fit({
      model,
      train: ids(rows),
      valid: ids(run.valid),
      settings: plan(run),
      rng,
      threads: 2,
    });
    expect(report.steps).toBe(run.losses.length);
    report.epochs.forEach(({ trainLoss, validLoss }, i) => {
      expect(Math.abs(trainLoss / run.losses[i].train - 1)).toBeLessThan(1e-5);
      expect(Math.abs(validLoss! / run.losses[i].valid - 1)).toBeLessThan(1e-5);
    });
    if (run.schedule !== 'linear') return;
    for (const [name, { data }] of await readSafetensors(`${DIR}/linear-run.safetensors`)) {
      if (!name.endsWith('k_proj.bias'))
        expect([name, relativeError(weights.get(name)!.data, data) < 1e-4]).toEqual([name, true]);
    }
  });
});

describe('fit', () => {
  let folder: string;
  beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'fit-'))));
  afterAll(() => rm(folder, { recursive: true }));

  const train = Array.from({ length: 11 }, (_, i) =>
    Int32Array.from({ length: 8 + (i % 3) * 8 }, (_, t) => 3 + ((5 * i + 3 * t) % 90)),
  );
  const valid = train.slice(0, 3);
  const settings: TrainingPlan = {
    ...plan(runs[0]),
    epochs: 3,
    batch: 2,
    accumulation: 2,
    learningRate: 0.02,
    dropout: 0.1,
    select: 'best',
  };
  const bits = (weights: Weights): string =>
    [...weights]
      .map(([name, { data }]) => name + Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'))
      .join();
  const run = async (more: Partial<FitOptions> = {}): Promise<{ bits: string; report: unknown }> => {
    const result = await fit({ model: await loadCheckpoint(DIR), train, valid, settings, rng, threads: 2, ...more });
    return { bits: bits(result.weights), report: result.report };
  };

  test('a run interrupted after any step and resumed ends bit-equal', async () => {
    const undisturbed = await run();
    for (const interruptAt of [1, 3, 5, 8]) {
      let asked = 0;
      const kept = join(folder, String(interruptAt));
      await mkdir(kept);
      const interrupted = run({
        checkpointDue: () => ++asked === interruptAt,
        checkpoint: async (write) => {
          await write(kept);
          throw new Error('killed');
        },
      });
      await expect(interrupted).rejects.toThrow('killed');
      const resumed = await run({ resumeFrom: kept });
      expect(resumed.bits === undisturbed.bits).toBe(true);
      expect(resumed.report).toEqual(undisturbed.report);
    }
  });

  test('steps in place of epochs: as many, over the rows again, validated after every so many and at the end', async () => {
    // three steps an epoch
    const inSteps: TrainingPlan = { ...settings, epochs: undefined, maxSteps: 7, validateEvery: 2 };
    const undisturbed = await run({ settings: inSteps });
    expect(undisturbed.report).toMatchObject({ steps: 7, epochs: [1, 2, 3, 4].map((epoch) => ({ epoch })) });
    for (const interruptAt of [1, 4, 6]) {
      let asked = 0;
      const kept = join(folder, `steps-${interruptAt}`);
      await mkdir(kept);
      const interrupted = run({
        settings: inSteps,
        checkpointDue: () => ++asked === interruptAt,
        checkpoint: async (write) => {
          await write(kept);
          throw new Error('killed');
        },
      });
      await expect(interrupted).rejects.toThrow('killed');
      const resumed = await run({ settings: inSteps, resumeFrom: kept });
      expect(resumed.bits === undisturbed.bits).toBe(true);
      expect(resumed.report).toEqual(undisturbed.report);
    }
    // the same steps, whatever they are called and however often they are validated
    const last = { schedule: 'constant', warmup: 0, select: 'last' } as const;
    const epochs = await run({ settings: { ...settings, ...last, epochs: 2 } });
    const six = await run({ settings: { ...settings, ...last, epochs: undefined, maxSteps: 6 } });
    const often = await run({ settings: { ...settings, ...last, epochs: 2, validateEvery: 1 } });
    expect(six).toEqual(epochs);
    expect(often.bits === epochs.bits).toBe(true);
    expect(often.report).toMatchObject({ steps: 6, epochs: { length: 6 }, selectedEpoch: 6 });
  });

  test('patience is over in the middle of an epoch, too, and the best of its validations is what is left', async () => {
    const model = await loadCheckpoint(DIR);
    const hot = {
      ...settings,
      epochs: 40,
      validateEvery: 1,
      patience: 2,
      learningRate: 0.3,
      schedule: 'constant' as const,
      warmup: 0,
    };
    const { weights, report } = await fit({ model, train, valid, settings: hot, rng, threads: 2 });
    const losses = report.epochs.map(({ validLoss }) => validLoss!);
    expect(report.steps).toBe(losses.length);
    expect(report.steps).toBe(report.selectedEpoch + 2);
    expect(report.steps % 3).not.toBe(0);
    const scores = await scoreRows({ model: { config: model.config, weights }, rows: valid, threads: 2 });
    const mean = scores.reduce((sum, s) => sum + s.nllSum, 0) / scores.reduce((sum, s) => sum + s.tokenCount, 0);
    expect(mean).toBeCloseTo(Math.min(...losses), 10);
  });

  test('no epoch: the model as it was', async () => {
    for (const select of ['best', 'last'] as const) {
      const untrained = await run({ settings: { ...settings, epochs: 0, select } });
      expect(untrained.bits === bits((await loadCheckpoint(DIR)).weights)).toBe(true);
      expect(untrained.report).toEqual({ steps: 0, epochs: [], selectedEpoch: 0, bestValidLoss: null });
    }
  });

  test('a checkpoint of another run is refused', async () => {
    await expect(run({ resumeFrom: join(folder, '1'), settings: { ...settings, weightDecay: 0 } })).rejects.toThrow(
      /another training run/,
    );
    await expect(run({ resumeFrom: join(folder, '1'), train: [...train.slice(1), train[0]] })).rejects.toThrow(
      /another training run/,
    );
  });

  test('threads change no bit', async () => {
    expect((await run({ threads: 1 })).bits === (await run({ threads: 2 })).bits).toBe(true);
  });

  test('best: the weights of the epoch with the lowest validation loss, which the scorer finds again', async () => {
    const model = await loadCheckpoint(DIR);
    const hot = { ...settings, epochs: 4, learningRate: 0.2, schedule: 'constant' as const, warmup: 0 };
    const { weights, report } = await fit({ model, train, valid, settings: hot, rng, threads: 2 });
    const losses = report.epochs.map((epoch) => epoch.validLoss!);
    expect(report.bestValidLoss).toBe(Math.min(...losses));
    expect(report.selectedEpoch).toBe(losses.indexOf(Math.min(...losses)) + 1);
    const scores = await scoreRows({ model: { config: model.config, weights }, rows: valid, threads: 2 });
    const mean = scores.reduce((sum, s) => sum + s.nllSum, 0) / scores.reduce((sum, s) => sum + s.tokenCount, 0);
    expect(mean).toBeCloseTo(report.bestValidLoss!, 10);
  });

  test('an adapter, too: resumed bit-equal, best epoch selected, merged it scores the same, and the base stays', async () => {
    const lora = { rank: 3, alpha: 6, dropout: 0.2, targets: ['all-linear'] };
    const small = { ...settings, lora, epochs: 4 };
    const tune = async (more: Partial<FitOptions> = {}): ReturnType<typeof fit> =>
      fit({ model: await loadCheckpoint(DIR), train, valid, settings: small, rng, threads: 2, ...more });
    const undisturbed = await tune();
    const kept = join(folder, 'lora');
    await mkdir(kept);
    let asked = 0;
    const interrupted = tune({
      checkpointDue: () => ++asked === 5,
      checkpoint: async (write) => {
        await write(kept);
        throw new Error('killed');
      },
    });
    await expect(interrupted).rejects.toThrow('killed');
    const resumed = await tune({ resumeFrom: kept });
    expect(bits(resumed.adapter!.weights) === bits(undisturbed.adapter!.weights)).toBe(true);
    expect(resumed.report).toEqual(undisturbed.report);

    const base = await loadCheckpoint(DIR);
    expect(bits(undisturbed.weights) === bits(base.weights)).toBe(true);
    const scores = await scoreRows({ model: mergeLora(base, undisturbed.adapter!), rows: valid, threads: 2 });
    const mean = scores.reduce((sum, s) => sum + s.nllSum, 0) / scores.reduce((sum, s) => sum + s.tokenCount, 0);
    expect(mean).toBeCloseTo(undisturbed.report.bestValidLoss!, 5);
    await expect(run({ resumeFrom: kept })).rejects.toThrow(/another training run/);
  });

  test('what cannot be trained is refused', async () => {
    await expect(run({ valid: [] })).rejects.toThrow(/needs validation rows/);
    await expect(run({ train: [] })).rejects.toThrow(/no rows to train on/);
    await expect(run({ train: [Int32Array.of(5)] })).rejects.toThrow(/training row 0 has 1 tokens/);
    await expect(run({ settings: { ...settings, learningRate: 1e30, clip: 0, warmup: 0 } })).rejects.toThrow(/diverged/);
  });
});
