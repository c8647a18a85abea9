/** Rows with labels: losses and steps against transformers, resume, early stopping, and what is refused. */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CounterRng } from '../../../common/philox.js';
import { loadCheckpoint } from '../../../engine/checkpoint/huggingface.js';
import type { Weights } from '../../../engine/checkpoint/safetensors.js';
import { scoreRows } from '../../../engine/score.js';
import { fit, type FitOptions } from '../../../engine/train/fit.js';
import type { TrainingPlan } from '../../../kinds/text/plan.js';

interface Golden {
  readonly rows: number[][];
  readonly labels: number[][];
  readonly loss: number;
  readonly row_losses: number[];
  readonly losses: number[];
  readonly settings: { lr: number; betas: [number, number]; eps: number; weight_decay: number; clip: number };
}
const { models } = JSON.parse(await readFile('test/golden/labels.json', 'utf8')) as { models: Record<string, Golden> };
const ids = (lists: readonly (readonly number[])[]): Int32Array[] => lists.map((list) => Int32Array.from(list));
const rng = new CounterRng({ seed: 1, generation: 0, member: 'm', step: 'fit' });
const planOf = ({ settings }: Golden): TrainingPlan => ({
  epochs: 6,
  batch: 2,
  accumulation: 2,
  learningRate: settings.lr,
  schedule: 'constant',
  minLearningRate: 0,
  scheduleUnit: 'step',
  warmup: 0,
  weightDecay: settings.weight_decay,
  betas: settings.betas,
  epsilon: settings.eps,
  clip: settings.clip,
  dropout: 0,
  select: 'last',
});

describe.each(Object.entries(models))('%s', (name, golden) => {
  const dir = `test/golden/lm/${name}`;
  const [rows, labels] = [ids(golden.rows), ids(golden.labels)];

  test('each row, and all of them padded, have transformers’ loss within 1e-5', async () => {
    const scores = await scoreRows({ model: await loadCheckpoint(dir), rows, labels, threads: 2 });
    scores.forEach(({ nllSum, tokenCount }, i) => {
      expect(tokenCount).toBe(golden.labels[i].slice(1).filter((label) => label !== -100).length);
      expect(Math.abs(nllSum / tokenCount / golden.row_losses[i] - 1)).toBeLessThan(1e-5);
    });
    const [nll, count] = [scores.reduce((n, s) => n + s.nllSum, 0), scores.reduce((n, s) => n + s.tokenCount, 0)];
    expect(Math.abs(nll / count / golden.loss - 1)).toBeLessThan(1e-5);
  });

  test('six steps of the training loop, in micro-batches of ragged rows, follow torch', async () => {
    const { report } = await fit({
      model: await loadCheckpoint(dir),
      train: rows,
      valid: rows,
      trainLabels: labels,
      validLabels: labels,
      settings: planOf(golden),
      rng,
      threads: 2,
    });
    report.epochs.forEach(({ trainLoss, validLoss }, i) => {
      expect(Math.abs(trainLoss / golden.losses[i] - 1)).toBeLessThan(1e-5);
      if (i < 5) expect(Math.abs(validLoss! / golden.losses[i + 1] - 1)).toBeLessThan(1e-5);
    });
  });
});

describe('fit', () => {
  const golden = models['opt-odd-gelu'];
  const dir = 'test/golden/lm/opt-odd-gelu';
  let folder: string;
  beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'labels-'))));
  afterAll(() => rm(folder, { recursive: true }));
  const options = async (more: Partial<FitOptions> = {}): Promise<FitOptions> => ({
    model: await loadCheckpoint(dir),
    train: ids(golden.rows),
    valid: ids(golden.rows).slice(0, 2),
    trainLabels: ids(golden.labels),
    validLabels: ids(golden.labels).slice(0, 2),
    settings: { ...planOf(golden), batch: 1, accumulation: 2, epochs: 3, select: 'best' },
    rng,
    threads: 2,
    ...more,
  });
  const bits = (weights: Weights): string =>
    [...weights]
      .map(([name, { data }]) => name + Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'))
      .join();

  test('resumes bit-equal, and not with other labels', async () => {
    const undisturbed = await fit(await options());
    for (const interruptAt of [1, 4]) {
      let asked = 0;
      const kept = join(folder, String(interruptAt));
      await mkdir(kept);
      const interrupted = options({
        checkpointDue: () => ++asked === interruptAt,
        checkpoint: async (write) => {
          await write(kept);
          throw new Error('killed');
        },
      });
      await expect(interrupted.then(fit)).rejects.toThrow('killed');
      const resumed = await fit(await options({ resumeFrom: kept }));
      expect(bits(resumed.weights) === bits(undisturbed.weights)).toBe(true);
      expect(resumed.report).toEqual(undisturbed.report);
    }
    const other = ids(golden.labels);
    other[0][6] = -100;
    const resumeFrom = join(folder, '1');
    await expect(options({ resumeFrom, trainLabels: other }).then(fit)).rejects.toThrow(/another training run/);
    await expect(options({ resumeFrom, trainLabels: undefined }).then(fit)).rejects.toThrow(/another training run/);
  });

  test('patience ends training after so many epochs without a lower validation loss, also when resumed', async () => {
    // rows of another kind than those of training: their loss soon rises
    const valid = ids(golden.rows.slice(0, 2).map((row) => row.map((id) => 3 + ((7 * id) % 90))));
    const other = { valid, validLabels: undefined };
    const settings: TrainingPlan = {
      ...planOf(golden),
      batch: 4,
      accumulation: 1,
      epochs: 16,
      learningRate: 0.01,
      select: 'best',
    };
    const whole = (await fit(await options({ ...other, settings }))).report.epochs.map(({ validLoss }) => validLoss!);
    const lowest = (n: number): number => whole.indexOf(Math.min(...whole.slice(0, n)));
    for (const patience of [1, 2]) {
      const end = whole.findIndex((_, i) => i - lowest(i + 1) >= patience) + 1;
      expect(end).toBeGreaterThan(patience);
      expect(end).toBeLessThan(16);
      const { report, weights } = await fit(await options({ ...other, settings: { ...settings, patience } }));
      expect(report).toEqual({
        steps: end,
        epochs: report.epochs.slice(0, end),
        selectedEpoch: lowest(end) + 1,
        bestValidLoss: whole[lowest(end)],
      });
      expect(report.epochs.map(({ validLoss }) => validLoss)).toEqual(whole.slice(0, end));
      const kept = join(folder, `patience-${patience}`);
      await mkdir(kept);
      let asked = 0;
      const last = await fit(
        await options({
          ...other,
          settings: { ...settings, patience, select: 'last' },
          checkpointDue: () => (asked++, true),
          checkpoint: async (write) => {
            await rm(kept, { recursive: true });
            await mkdir(kept);
            await write(kept);
          },
        }),
      );
      expect([last.report.steps, last.report.selectedEpoch, asked]).toEqual([end, end, end - 1]);
      const resumed = await fit(
        await options({ ...other, settings: { ...settings, patience, select: 'last' }, resumeFrom: kept }),
      );
      expect(resumed.report).toEqual(last.report);
      expect(bits(resumed.weights) === bits(last.weights)).toBe(true);
      expect(bits(resumed.weights) === bits(weights)).toBe(false);
    }
  });

  test('labels that do not fit are refused', async () => {
    const changed = (row: number, labels: number[]): Promise<unknown> => {
      const trainLabels = ids(golden.labels);
      trainLabels[row] = Int32Array.from(labels);
      return options({ trainLabels }).then(fit);
    };
    await expect(changed(1, [1, 2])).rejects.toThrow(/training row 1 has 20 tokens and 2 labels/);
    await expect(changed(3, [5, -100, -100, -100, -100])).rejects.toThrow(/training row 3 has no token to predict/);
    await expect(changed(3, [5, 5, 97, 5, 5])).rejects.toThrow(/training row 3 has the label 97; .* from 0 to 96, or -100/);
    await expect(options({ valid: [], validLabels: [], settings: { ...planOf(golden), patience: 2 } }).then(fit)).rejects.toThrow(/patience needs validation rows/); // prettier-ignore
    const silent = ids(golden.labels)
      .slice(0, 2)
      .map((labels) => labels.fill(-100));
    await expect(options({ validLabels: silent }).then(fit)).rejects.toThrow(/no validation row has a token to predict/);
  });
});
