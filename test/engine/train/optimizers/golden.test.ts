/** Ten steps of each optimiser against torch and transformers (make_golden.py); AdamW's stand in test/golden/lm. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { loadCheckpoint } from '../../../../engine/checkpoint/huggingface.js';
import { createOptimizer, OPTIMIZER_NAMES, type OptimizerPlan } from '../../../../engine/train/optimizers/index.js';
import { Trainer } from '../../../../engine/train/trainer.js';
import { goldenRows, keyBias, readGolden } from '../../../support/golden.js';
import { relativeError } from '../../../support/numbers.js';

interface Run {
  readonly settings: OptimizerPlan;
  readonly rate: number;
  readonly arrays: Readonly<Record<string, number[]>>;
  readonly model: { readonly losses: number[]; readonly norms: number[]; readonly weights: Readonly<Record<string, number[]>> };
}

const MODEL = 'test/golden/lm/qwen2';
const SHAPES: Readonly<Record<string, number[]>> = { convolution: [3, 2, 4, 4], matrix: [5, 7], column: [9, 1], vector: [6] };

/** Multiples of 1/1000 in [-1/2, 1/2), as make_golden.py has them. */
const numbers = (shape: readonly number[], a: number, b: number): Float32Array =>
  Float32Array.from(
    { length: shape.reduce((x, y) => x * y) },
    (_, i) => (((7919 * i + 104729 * a + 1299709 * b) % 1000) - 500) / 1000,
  );

const names = OPTIMIZER_NAMES.filter((name) => name !== 'adamw');
const runs = await Promise.all(
  names.map(async (optimizer) => {
    const made = JSON.parse(await readFile(`test/engine/train/optimizers/${optimizer}.json`, 'utf8')) as Run[];
    return made.map((run) => ({ optimizer, ...run, words: JSON.stringify(run.settings) }));
  }),
);

describe.each(runs.flat())('$optimizer $words', ({ optimizer, settings, rate, arrays, model: expected }) => {
  test('arrays of any shape', () => {
    const shapes = Object.entries(SHAPES);
    const initial = new Map(shapes.map(([name, shape], k) => [name, { shape, data: numbers(shape, 0, k) }]));
    const steps = createOptimizer(initial, { optimizer, ...settings, clip: 0 });
    for (let step = 1; step <= 10; step++) {
      shapes.forEach(([name, shape], k) => steps.gradients.get(name)!.data.set(numbers(shape, step, k)));
      steps.step(rate);
    }
    for (const [name, { data }] of steps.weights)
      expect([name, relativeError(data, arrays[name])]).toEqual([name, expect.closeTo(0, 6)]);
  });

  test('a language model: losses, norms and weights', async () => {
    const { batches } = await readGolden(MODEL);
    const trainer = new Trainer(await loadCheckpoint(MODEL), { optimizer, ...settings, clip: 1, threads: 2, longest: 17 });
    for (let step = 0; step < 10; step++) {
      const { rows, labels } = goldenRows(batches[step % 2]);
      const { nllSum, targetCount, gradientNorm } = await trainer.step([rows], rate, [labels]);
      expect(Math.abs(nllSum / targetCount / expected.losses[step] - 1)).toBeLessThan(1e-5);
      expect(Math.abs(gradientNorm / expected.norms[step] - 1)).toBeLessThan(1e-4);
    }
    await trainer.release();
    expect(Object.keys(expected.weights).sort()).toEqual([...trainer.optimizer.weights.keys()].sort());
    for (const [name, { data }] of trainer.optimizer.weights) {
      if (keyBias('qwen2', name, data.length)) continue;
      const some = data.filter((_, i) => i % Math.ceil(data.length / 4) === 0);
      expect([name, relativeError(some, expected.weights[name]) < 1e-5]).toEqual([name, true]);
    }
  });
});
