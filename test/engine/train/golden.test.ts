/** Loss and every gradient against transformers 5.17 and torch 2.13 (test/golden/lm). */
import { describe, expect, test } from '@jest/globals';
import { loadCheckpoint } from '../../../engine/checkpoint/huggingface.js';
import { readSafetensors } from '../../../engine/checkpoint/safetensors.js';
import { weightFeeds } from '../../../engine/models/weights.js';
import { float32, Session } from '../../../engine/session.js';
import { gradientName, trainingGraph } from '../../../engine/train/graph.js';
import { Trainer } from '../../../engine/train/trainer.js';
import { goldenBatch, goldenRows, keyBias, OPT_MODELS, OTHER_MODELS, readGolden } from '../../support/golden.js';
import { relativeError } from '../../support/numbers.js';

/** The others keep the reference's losses and norms only, for the size of this repository. */
const WITH_TRAINED_WEIGHTS: readonly string[] = ['opt-pre-ln', 'opt-post-ln-proj'];

describe.each([...OPT_MODELS, ...OTHER_MODELS])('%s', (name) => {
  const dir = `test/golden/lm/${name}`;

  test('loss and gradients equal the reference within 1e-5', async () => {
    const { config, weights } = await loadCheckpoint(dir);
    const golden = await readGolden(dir);
    const batch = goldenBatch(golden.batches[0]);
    const names = [...weights.keys()];
    const session = await Session.create(trainingGraph(config, batch.time, names), { threads: 2 });
    const share = Float32Array.from(batch.counted, (counted) => counted / batch.targetCount);
    const outputs = await session.run(
      {
        ...weightFeeds(weights),
        ids: batch.ids,
        positions: batch.positions,
        targets: batch.targets,
        weights: float32(share, [share.length, 1]),
      },
      ['nll', ...names.map(gradientName)],
    );
    await session.release();

    const loss = (outputs.nll.data as Float32Array).reduce((sum, nll, i) => sum + nll * batch.counted[i], 0) / batch.targetCount;
    expect(Math.abs(loss / golden.batch0.loss - 1)).toBeLessThan(1e-6);
    const expected = await readSafetensors(`${dir}/gradients.safetensors`);
    expect([...expected.keys()].sort()).toEqual([...names].sort());
    // The key bias has no influence on a softmax over keys: its gradient is zero but for rounding, which is not compared relatively.
    const scale = Math.max(...[...expected.values()].map(({ data }) => Math.hypot(...data)));
    for (const parameter of names) {
      const reference = expected.get(parameter)!.data;
      const actual = outputs[gradientName(parameter)].data as Float32Array;
      const zero = keyBias(name, parameter, actual.length);
      if (zero !== undefined) expect(Math.hypot(...actual.subarray(...zero))).toBeLessThan(1e-7 * scale);
      if (zero?.[0] !== 0) expect([parameter, relativeError(actual, reference)]).toEqual([parameter, expect.closeTo(0, 5)]);
    }
  });
});

describe.each(['opt-pre-ln', 'opt-post-ln-proj', ...OTHER_MODELS])('%s', (name) => {
  const dir = `test/golden/lm/${name}`;

  test('ten AdamW steps equal the reference: losses, norms and (where they are stored) weights within 1e-4', async () => {
    const model = await loadCheckpoint(dir);
    const { batches, adamw } = await readGolden(dir);
    const settings = { betas: adamw.betas, epsilon: adamw.eps, weightDecay: adamw.weight_decay, clip: adamw.max_grad_norm };
    const trainer = new Trainer(model, { ...settings, threads: 2, longest: 17 });
    for (let step = 0; step < 10; step++) {
      const { rows, labels } = goldenRows(batches[step % 2]);
      const { nllSum, targetCount, gradientNorm } = await trainer.step([rows], adamw.lr, [labels]);
      expect(Math.abs(nllSum / targetCount / adamw.losses[step] - 1)).toBeLessThan(1e-5);
      expect(Math.abs(gradientNorm / adamw.grad_norms[step] - 1)).toBeLessThan(1e-4);
    }
    await trainer.release();
    if (!WITH_TRAINED_WEIGHTS.includes(name)) return;
    const expected = await readSafetensors(`${dir}/adamw-10-steps.safetensors`);
    for (const [parameter, { data }] of trainer.optimizer.weights) {
      // Adam turns a gradient that is rounding alone into steps of full size.
      const [from, to] = keyBias(name, parameter, data.length) ?? [0, 0];
      const compared = (_: number, i: number): boolean => i < from || i >= to;
      const error = relativeError(data.filter(compared), expected.get(parameter)!.data.filter(compared));
      expect([parameter, error < 1e-4]).toEqual([parameter, true]);
    }
  });

  test('a row that counts two is that row twice', async () => {
    const { batches } = await readGolden(dir);
    const { rows, labels } = goldenRows(batches[0]);
    const settings = { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0, clip: 0, threads: 1, longest: 17 } as const;
    const twice = new Trainer(await loadCheckpoint(dir), settings);
    const weighted = new Trainer(await loadCheckpoint(dir), settings);
    const rest = rows.slice(1).map(() => 1);
    const a = await twice.step([[rows[0], ...rows]], 0, [[labels[0], ...labels]]);
    const b = await weighted.step([rows.slice(0, 2), rows.slice(2)], 0, [labels.slice(0, 2), labels.slice(2)], [[2, 1], rest.slice(1)]); // prettier-ignore
    expect(b.targetCount).toBe(a.targetCount);
    expect(Math.abs(b.nllSum / a.nllSum - 1)).toBeLessThan(1e-6);
    for (const [parameter, { data }] of weighted.optimizer.gradients) {
      if (keyBias(name, parameter, data.length)?.[0] !== 0)
        expect([parameter, relativeError(data, twice.optimizer.gradients.get(parameter)!.data) < 1e-5]).toEqual([parameter, true]); // prettier-ignore
    }
    await twice.release();
    await weighted.release();
  });

  test('micro-batches give the gradient of the whole step', async () => {
    const { batches } = await readGolden(dir);
    const { rows, labels } = goldenRows(batches[0]);
    const settings = { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0, clip: 0, threads: 1, longest: 17 } as const;
    const whole = new Trainer(await loadCheckpoint(dir), settings);
    const split = new Trainer(await loadCheckpoint(dir), settings);
    const a = await whole.step([rows], 0, [labels]);
    const b = await split.step([rows.slice(0, 2), rows.slice(2)], 0, [labels.slice(0, 2), labels.slice(2)]);
    expect(b.targetCount).toBe(a.targetCount);
    expect(Math.abs(b.nllSum / a.nllSum - 1)).toBeLessThan(1e-6);
    for (const [parameter, { data }] of split.optimizer.gradients) {
      if (keyBias(name, parameter, data.length)?.[0] !== 0)
        expect([parameter, relativeError(data, whole.optimizer.gradients.get(parameter)!.data) < 1e-5]).toEqual([
          parameter,
          true,
        ]);
    }
    await whole.release();
    await split.release();
  });
});
