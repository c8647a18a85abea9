/** A model with NaN or infinite weights is an error that names them, wherever its numbers would come out. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { CounterRng } from '../../../common/philox.js';
import { loadCheckpoint, type Model } from '../../../engine/checkpoint/huggingface.js';
import { scoreRows } from '../../../engine/score.js';
import { fit } from '../../../engine/train/fit.js';
import { decoding, generate } from '../../support/generation.js';
import type { TrainingPlan } from '../../../kinds/text/plan.js';

const DIR = 'test/golden/lm/llama-gqa';
const TRAINING: TrainingPlan = {
  epochs: 1,
  batch: 2,
  accumulation: 1,
  learningRate: 1e-3,
  schedule: 'constant',
  minLearningRate: 0,
  scheduleUnit: 'step',
  warmup: 0,
  weightDecay: 0,
  betas: [0.9, 0.999],
  epsilon: 1e-8,
  clip: 1,
  dropout: 0,
  lora: null,
  select: 'last',
};
const rows = [Int32Array.of(5, 6, 7), Int32Array.of(8, 9, 10, 11)];
let good: Model;
beforeAll(async () => void (good = await loadCheckpoint(DIR)));

/** The model with one number changed, the last of a weight. */
function broken(name: string, value: number): Model {
  const weights = new Map(good.weights);
  const { shape, data } = weights.get(name)!;
  const changed = data.slice();
  changed[changed.length - 1] = value;
  return { ...good, weights: weights.set(name, { shape, data: changed }) };
}

const BROKEN: readonly (readonly [string, number])[] = [
  ['model.norm.weight', NaN],
  ['model.layers.1.mlp.down_proj.weight', Infinity],
  ['lm_head.weight', NaN], // of one token that nobody asks for
  ['lm_head.weight', -Infinity],
];
const refused = (name: string, value: number): object => ({
  kind: 'verification',
  message: expect.stringContaining(`the weight ${name} holds ${value}; the checkpoint is damaged`) as unknown,
});

describe.each(BROKEN)('%s with %d', (name, value) => {
  test('is not scored', async () => {
    await expect(scoreRows({ model: broken(name, value), rows, threads: 1 })).rejects.toMatchObject(refused(name, value));
  });

  test.each([
    ['greedy search', decoding({})],
    ['greedy search with a penalty', decoding({ repetitionPenalty: 1.5 })],
    ['sampling', decoding({ strategy: 'sample' })],
    ['beams', decoding({ strategy: 'beam', beams: 3 })],
    ['beam sampling', decoding({ strategy: 'beam-sample', beams: 3 })],
  ])('is not continued by %s', async (_, settings) => {
    await expect(generate(broken(name, value), [[5, 6], [7]], settings)).rejects.toMatchObject(refused(name, value));
  });

  test.each([undefined, { rank: 2, alpha: 4, dropout: 0, targets: ['q_proj'] }])(
    'is not trained, with %j beside it',
    async (lora) => {
      await expect(
        fit({
          model: broken(name, value),
          train: rows,
          valid: [],
          settings: { ...TRAINING, lora: lora ?? null },
          rng: new CounterRng({ seed: 1, generation: 0, member: 'm', step: 'fit' }),
          threads: 1,
        }),
      ).rejects.toMatchObject(refused(name, value));
    },
  );
});

test('weights that are finite but too large are told apart', async () => {
  const weights = new Map(good.weights);
  const { shape, data } = weights.get('lm_head.weight')!;
  weights.set('lm_head.weight', { shape, data: data.map((x) => Math.sign(x) * 3e38) });
  await expect(scoreRows({ model: { ...good, weights }, rows, threads: 1 })).rejects.toThrow(/weights are finite, but so large/);
});
