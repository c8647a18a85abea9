/** Loss and every gradient against transformers 5.17 and torch 2.13 (test/golden/lm). */
import { describe, expect, test } from '@jest/globals';
import { loadCheckpoint } from '../../../engine/checkpoint/huggingface.js';
import { readSafetensors } from '../../../engine/checkpoint/safetensors.js';
import { weightFeeds } from '../../../engine/models/weights.js';
import { float32, Session } from '../../../engine/session.js';
import { gradientName, trainingGraph } from '../../../engine/train/graph.js';
import { goldenBatch, readGolden } from '../../support/golden.js';
import { relativeError } from '../../support/numbers.js';

describe.each(['opt-pre-ln', 'opt-post-ln-proj'])('%s', (name) => {
  const dir = `test/golden/lm/${name}`;

  test('loss and gradients equal the reference within 1e-5', async () => {
    const { config, weights } = await loadCheckpoint(dir);
    const golden = await readGolden(dir);
    const batch = goldenBatch(golden.batches[0]);
    const names = [...weights.keys()];
    const session = await Session.create(trainingGraph(config, batch.rows, batch.time, names), { threads: 2 });
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
      if (parameter.endsWith('k_proj.bias')) expect(Math.hypot(...actual)).toBeLessThan(1e-7 * scale);
      else expect([parameter, relativeError(actual, reference)]).toEqual([parameter, expect.closeTo(0, 5)]);
    }
  });
});
