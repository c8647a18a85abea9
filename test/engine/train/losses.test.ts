/** Losses other than the cross-entropy: torch's gradients of whole models (losses/make_golden.py), and finite differences of the formulas. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import type { z } from 'zod';
import { loadCheckpoint } from '../../../engine/checkpoint/huggingface.js';
import { weightFeeds } from '../../../engine/models/weights.js';
import { float32, Session } from '../../../engine/session.js';
import { gradientName, trainingGraph } from '../../../engine/train/graph.js';
import { lossSchema, type LossPlan } from '../../../engine/train/losses/index.js';
import { Trainer } from '../../../engine/train/trainer.js';
import { backpropagate, logitGradient, targetsIn } from '../../../engines/reference/loss.js';
import { ReferenceModel } from '../../../engines/reference/model.js';
import { goldenBatch, goldenRows, keyBias, readGolden } from '../../support/golden.js';
import { relativeError } from '../../support/numbers.js';

interface Case {
  readonly loss: LossPlan;
  readonly left: number;
  readonly gradients: Readonly<Record<string, { readonly norm: number; readonly some: number[] }>>;
}
const { models } = JSON.parse(await readFile('test/engine/train/losses/golden.json', 'utf8')) as {
  models: Record<string, Case[]>;
};
const dirOf = (name: string): string => `test/golden/lm/${name}`;
const casesOf = (name: string) => models[name].map((one) => [one.loss.kind, one] as const);

/** Compares what torch keeps of each gradient: its norm, and numbers at its beginning, a third and two thirds. */
function expectGradients(name: string, { gradients }: Case, of: (parameter: string) => ArrayLike<number>, within: number): void {
  const scale = Math.max(...Object.values(gradients).map(({ norm }) => norm));
  for (const [parameter, { norm, some }] of Object.entries(gradients)) {
    const data = Array.from(of(parameter));
    const stride = Math.max(1, Math.floor(data.length / 3));
    const mine = [Math.hypot(...data), ...[0, 1, 2].map((i) => data[i * stride])];
    if (keyBias(name, parameter, data.length)?.[0] === 0) expect(mine[0]).toBeLessThan(within * scale);
    else expect([parameter, relativeError(mine, [norm, ...some])]).toEqual([parameter, expect.closeTo(0, -Math.log10(within))]);
  }
}

test('there is a case of every loss', () => {
  const kinds = lossSchema.options.map(({ shape }) => (shape.kind as z.ZodLiteral<string>).value);
  for (const cases of Object.values(models)) expect(cases.map(({ loss }) => loss.kind)).toEqual(kinds);
});

// gemma2 has soft-capped logits
describe.each(['opt-pre-ln', 'gemma2'])('%s', (name) => {
  test.each(casesOf(name))('%s: torch’s gradients of a model', async (_, one) => {
    const { config, weights } = await loadCheckpoint(dirOf(name));
    const batch = goldenBatch((await readGolden(dirOf(name))).batches[0]);
    const names = [...weights.keys()];
    const session = await Session.create(trainingGraph(config, batch.time, names, { loss: one.loss }), { threads: 1 });
    const share = Float32Array.from(batch.counted, (counted) => counted / batch.targetCount);
    const inputs = { ids: batch.ids, positions: batch.positions, targets: batch.targets };
    const outputs = await session.run({ ...weightFeeds(weights), ...inputs, weights: float32(share, [share.length, 1]) }, [
      'nll',
      ...names.map(gradientName),
    ]);
    await session.release();
    expect(Object.keys(one.gradients).sort()).toEqual(names.sort());
    expectGradients(name, one, (parameter) => outputs[gradientName(parameter)].data as Float32Array, 1e-5);
    if (one.loss.kind !== 'truncated') return;
    const { gamma } = one.loss;
    const nll = outputs.nll.data as Float32Array;
    expect(nll.filter((value, i) => batch.counted[i] > 0 && Math.exp(-value) > gamma)).toHaveLength(one.left);
  });
});

test.each(casesOf('opt-pre-ln'))('%s: torch’s gradients of a model, by the reference engine', async (_, one) => {
  const name = 'opt-pre-ln';
  const model = new ReferenceModel(await loadCheckpoint(dirOf(name)));
  const { rows, labels } = goldenRows((await readGolden(dirOf(name))).batches[0]);
  const count = labels.reduce((sum, row) => sum + targetsIn(row), 0);
  rows.forEach((row, i) => backpropagate(model, row, labels[i], 1 / count, one.loss));
  expectGradients(name, one, (parameter) => model.parameters.get(parameter)!.gradient, 1e-6); // OPT's softmax over keys is float32 in transformers
});

test.each(casesOf('opt-pre-ln'))('%s: a step of the trainer, in micro-batches too, takes it', async (_, { loss, gradients }) => {
  const { rows, labels } = goldenRows((await readGolden(dirOf('opt-pre-ln'))).batches[0]);
  const settings = { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0, clip: 0, threads: 1, longest: 17, loss } as const;
  const trainer = new Trainer(await loadCheckpoint(dirOf('opt-pre-ln')), settings);
  const whole = await trainer.step([rows], 0, [labels]);
  const split = await trainer.step([rows.slice(0, 2), rows.slice(2)], 0, [labels.slice(0, 2), labels.slice(2)]);
  await trainer.release();
  const norm = Math.hypot(...Object.values(gradients).map((one) => one.norm));
  expect(relativeError([whole.gradientNorm, split.gradientNorm], [norm, norm])).toBeLessThan(1e-5);
  // what is told is the cross-entropy, whatever is minimised
  const { batch0 } = await readGolden(dirOf('opt-pre-ln'));
  expect(Math.abs(whole.nllSum / whole.targetCount / batch0.loss - 1)).toBeLessThan(1e-6);
});

describe('finite differences', () => {
  const logits = Float64Array.of(0.3, -1.2, 2.1, 0.9, -0.4);
  const target = 3;
  const softmax = (z: Float64Array) => {
    const total = z.reduce((sum, x) => sum + Math.exp(x), 0);
    return z.map((x) => Math.exp(x) / total);
  };
  /** by the papers' formulas */
  const FORMULAS: readonly (readonly [LossPlan, (p: Float64Array) => number])[] = [
    [{ kind: 'truncated', gamma: 0.9 }, (p) => (p[target] <= 0.9 ? -Math.log(p[target]) : 0)],
    [{ kind: 'truncated', gamma: 0.1 }, (p) => (p[target] <= 0.1 ? -Math.log(p[target]) : 0)],
    [
      { kind: 'confidence-penalty', weight: 0.3 },
      (p) => -Math.log(p[target]) + 0.3 * p.reduce((sum, x) => sum + x * Math.log(x), 0),
    ],
    [
      { kind: 'label-smoothing', epsilon: 0.2 },
      (p) => -0.8 * Math.log(p[target]) - p.reduce((sum, x) => sum + (0.2 / p.length) * Math.log(x), 0),
    ],
  ];
  test.each(FORMULAS)('%j', (loss, formula) => {
    const h = 1e-6;
    const expected = logits.map((_, i) => {
      const moved = (by: number) => formula(softmax(logits.map((x, j) => (i === j ? x + by : x))));
      return (moved(h) - moved(-h)) / (2 * h);
    });
    expect(relativeError(logitGradient(logits, target, loss), expected)).toBeLessThan(1e-8);
  });
});
