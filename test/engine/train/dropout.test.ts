/** Dropout: gradients against torch with known masks, masks against the reference Philox, and what they must not depend on. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { CounterRng, philox4x32 } from '../../../common/philox.js';
import { makeBatch } from '../../../engine/batch.js';
import { loadCheckpoint } from '../../../engine/checkpoint/huggingface.js';
import { readSafetensors } from '../../../engine/checkpoint/safetensors.js';
import { weightFeeds } from '../../../engine/models/weights.js';
import { float32, Session } from '../../../engine/session.js';
import { DropoutMasks, dropoutName } from '../../../engine/train/dropout.js';
import { gradientName, trainingGraph } from '../../../engine/train/graph.js';
import { Trainer } from '../../../engine/train/trainer.js';
import { relativeError } from '../../support/numbers.js';

const DIR = 'test/golden/lm/opt-odd-gelu';
const rng = new CounterRng({ seed: 11, generation: 2, member: 'm', step: 'dropout' });

test('with the masks that torch was given, loss and gradients are those of torch', async () => {
  const { config, weights } = await loadCheckpoint(DIR);
  const golden = JSON.parse(await readFile(`${DIR}/dropout.json`, 'utf8')) as { rows: number[][]; loss: number; sites: number };
  const batch = makeBatch(golden.rows.map((row) => Int32Array.from(row)));
  const names = [...weights.keys()];
  const session = await Session.create(trainingGraph(config, batch.time, names, { dropout: true }), { threads: 1 });
  const cells = batch.rows * batch.time;
  const mask = (site: number): Float32Array =>
    Float32Array.from({ length: cells * config.hiddenSize }, (_, i) => ((7919 * i + 104729 * site) % 10 === 0 ? 0 : 1 / 0.9));
  const outputs = await session.run(
    {
      ...weightFeeds(weights),
      ...Object.fromEntries(
        Array.from({ length: golden.sites }, (_, s) => [dropoutName(s), float32(mask(s), [cells, config.hiddenSize])]),
      ),
      ids: batch.ids,
      positions: batch.positions,
      targets: batch.targets,
      weights: float32(
        Float32Array.from(batch.counted, (counted) => counted / batch.targetCount),
        [cells, 1],
      ),
    },
    ['nll', ...names.map(gradientName)],
  );
  await session.release();
  const loss = (outputs.nll.data as Float32Array).reduce((sum, nll, i) => sum + nll * batch.counted[i], 0) / batch.targetCount;
  expect(Math.abs(loss / golden.loss - 1)).toBeLessThan(1e-6);
  for (const [name, { data }] of await readSafetensors(`${DIR}/dropout-gradients.safetensors`)) {
    if (!name.endsWith('k_proj.bias'))
      expect([name, relativeError(outputs[gradientName(name)].data as Float32Array, data) < 1e-5]).toEqual([name, true]);
  }
});

describe('masks', () => {
  const width = 6;

  test('are Philox4x32-10 over (block, row, site, step)', () => {
    const masks = new DropoutMasks(rng, 0.25).fill([width, width], 40, 3, 2, 5);
    const block = new Uint32Array(4);
    for (const site of [0, 1]) {
      const { data, shape } = masks[dropoutName(site)];
      expect(shape).toEqual([10, width]);
      for (const row of [0, 1]) {
        for (let i = 0; i < 5 * width; i++) {
          philox4x32(i >> 2, 3 + row, site, 40, ...rng.words, block);
          expect(data[row * 5 * width + i]).toBe(block[i & 3] < 2 ** 30 ? 0 : Math.fround(1 / 0.75));
        }
      }
    }
  });

  test('do not depend on padding or on how rows are batched', () => {
    const all = new DropoutMasks(rng, 0.5).fill([width], 0, 0, 3, 7)[dropoutName(0)].data;
    const padded = new DropoutMasks(rng, 0.5).fill([width], 0, 2, 1, 16)[dropoutName(0)].data;
    expect([...padded.subarray(0, 7 * width)]).toEqual([...all.subarray(2 * 7 * width)]);
  });

  test('drop the share that was asked for', () => {
    const { data } = new DropoutMasks(rng, 0.1).fill([64], 7, 0, 50, 50)[dropoutName(0)];
    const dropped = (data as Float32Array).filter((x) => x === 0).length / data.length;
    expect(Math.abs(dropped - 0.1)).toBeLessThan(5 * Math.sqrt(0.09 / data.length));
  });

  test('a step in micro-batches drops the same numbers as the whole step', async () => {
    const rows = [9, 20, 14].map((length, i) => Int32Array.from({ length }, (_, t) => 3 + ((11 * i + 7 * t) % 90)));
    const trainer = async (): Promise<Trainer> =>
      new Trainer(await loadCheckpoint(DIR), {
        betas: [0.9, 0.999],
        epsilon: 1e-8,
        weightDecay: 0,
        clip: 0,
        threads: 1,
        longest: 20,
        dropout: { rate: 0.3, rng },
      });
    const [whole, split] = [await trainer(), await trainer()];
    const a = await whole.step([rows], 0);
    const b = await split.step([[rows[0]], rows.slice(1)], 0);
    expect(Math.abs(b.nllSum / a.nllSum - 1)).toBeLessThan(1e-6);
    expect(Math.abs(b.gradientNorm / a.gradientNorm - 1)).toBeLessThan(1e-5);
    expect((await whole.step([rows], 0)).nllSum).not.toBe(a.nllSum); // another step, other masks; the learning rate is 0
    await whole.release();
    await split.release();
  });
});
