/** The generation loop: refusals, progress, and a free event loop between tokens. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { loadCheckpoint, type Checkpoint } from '../../../engine/checkpoint/huggingface.js';
import { decoding, generate } from '../../support/generation.js';

let model: Checkpoint;
beforeAll(async () => {
  model = await loadCheckpoint('test/golden/lm/opt-pre-ln');
});

describe('generateRows', () => {
  test('a prompt that does not fit is refused by number', async () => {
    await expect(generate(model, [[4], []], decoding({}))).rejects.toThrow(/prompt 1 is empty/);
    await expect(generate(model, [[4], [5, 336]], decoding({}))).rejects.toThrow(/prompt 1 holds the token id 336/);
    await expect(generate(model, [Array.from({ length: 122 }, () => 4)], decoding({}))).rejects.toThrow(
      /prompt 0 of 122 tokens and 8 new ones exceed the model's 128 positions/,
    );
    await expect(generate(model, [[4]], decoding({ strategy: 'beam', beams: 200 }))).rejects.toThrow(
      /200 beams need 400 candidates/,
    );
  });

  test('a prompt may fill all positions but those of the new tokens', async () => {
    const rows = await generate(
      model,
      [Array.from({ length: 120 }, (_, i) => 3 + i), [7]],
      decoding({ strategy: 'beam', beams: 2 }),
    );
    const [alone] = await generate(model, [[7]], decoding({ strategy: 'beam', beams: 2 }));
    expect(rows.map((row) => row.length)).toEqual([8, 8]);
    expect(rows[1]).toEqual(alone);
  });

  // 24 prompts of up to 60 tokens are more than are read at once.
  test.each([{}, { strategy: 'beam', beams: 3 }, { promptLookupNumTokens: 4 }] as const)(
    'a large batch of long prompts gives what each prompt gives alone: %j',
    async (settings) => {
      const prompts = Array.from({ length: 24 }, (_, i) =>
        Array.from({ length: 60 - (i % 7) }, (_, t) => 3 + ((5 * i + t * t) % 300)),
      );
      const together = await generate(model, prompts, decoding({ ...settings, batch: 24 }));
      const alone = await generate(model, prompts, decoding({ ...settings, batch: 1 }));
      expect(together).toEqual(alone);
    },
  );

  test('several continuations of a prompt follow each other, each with draws of its own, whatever the batch', async () => {
    const settings = { strategy: 'sample', maxNewTokens: 6 } as const;
    const three = await generate(model, [[4], [9, 10]], decoding({ ...settings, numReturnSequences: 3 }));
    expect(three).toEqual(await generate(model, [[4], [4], [4], [9, 10], [9, 10], [9, 10]], decoding(settings)));
    expect(new Set(three.map((row) => row.join())).size).toBe(6);
    expect(await generate(model, [[4], [9, 10]], decoding({ ...settings, numReturnSequences: 3, batch: 2 }))).toEqual(three);
  });

  test('progress counts prompts, and other work is served between tokens', async () => {
    const done: number[] = [];
    let ticks = 0;
    const timer = setInterval(() => ticks++, 0);
    await generate(
      model,
      Array.from({ length: 5 }, (_, i) => [4 + i]),
      decoding({ maxNewTokens: 30, batch: 2 }),
      {
        onProgress: (progress) => {
          expect(progress.total).toBe(5);
          expect(progress.tokensPerSecond).toBeGreaterThan(0);
          done.push(progress.done);
        },
      },
    );
    clearInterval(timer);
    expect(done).toEqual([2, 4, 5]);
    expect(ticks).toBeGreaterThan(10);
  });
});
