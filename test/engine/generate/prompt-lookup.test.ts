/** Prompt lookup guesses from the prompt, and never changes what is written. */
import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import { loadCheckpoint, type Checkpoint } from '../../../engine/checkpoint/huggingface.js';
import { Decoder } from '../../../engine/generate/decoder.js';
import { lookUp } from '../../../engine/generate/strategies/prompt-lookup.js';
import { decoding, generate } from '../../support/generation.js';

describe('lookUp', () => {
  const look = (tokens: number[], size: number, count: number) => Array.from(lookUp(Int32Array.from(tokens), size, count));
  test('what followed the first place of the longest match', () => {
    expect(look([1, 2, 3, 9, 2, 4, 1, 2], 2, 3)).toEqual([3, 9, 2]);
    expect(look([1, 2, 3, 9, 2, 4, 1, 2], 1, 2)).toEqual([3, 9]);
    expect(look([2, 5, 1, 2, 7, 8, 1, 2], 2, 2)).toEqual([7, 8]);
    expect(look([2, 5, 6, 2], 3, 10)).toEqual([5, 6, 2]);
  });
  test('nothing where nothing matches', () => {
    expect(look([1, 2, 3], 2, 4)).toEqual([]);
    expect(look([1], 2, 4)).toEqual([]);
    expect(look([4, 4], 3, 9)).toEqual([4]);
  });
});

describe('generation', () => {
  let model: Checkpoint;
  beforeAll(async () => {
    model = await loadCheckpoint('test/golden/lm/opt-pre-ln');
  });
  // Few tokens, so that much is copied; ragged, so that rows go on at different paces.
  const PROMPTS = Array.from({ length: 9 }, (_, i) => Array.from({ length: 2 + 3 * i }, (_, t) => 5 + ((i * t * t + t) % 7)));
  const plain = decoding({ maxNewTokens: 40, batch: 4 });

  test.each([
    { strategy: 'greedy' as const },
    { strategy: 'greedy' as const, repetitionPenalty: 1.05 },
    { strategy: 'sample' as const },
    { strategy: 'sample' as const, temperature: 0.3 },
    { strategy: 'sample' as const, temperature: 0.5, topP: 0.9, minP: 0.01, noRepeatNgramSize: 6 },
  ])('writes the tokens of plain decoding: %j', async (settings) => {
    const endTokens = [31, 45];
    const options = { eosTokenId: endTokens };
    const expected = await generate(model, PROMPTS, { ...plain, ...settings }, options);
    for (const [promptLookupNumTokens, maxMatchingNgramSize, batch] of [
      [1, 2, 1],
      [3, 1, 4],
      [10, 2, 4],
      [10, 4, 9],
    ]) {
      const drafted = { ...plain, ...settings, promptLookupNumTokens, maxMatchingNgramSize, batch };
      expect(await generate(model, PROMPTS, drafted, options)).toEqual(expected);
    }
  });

  test('takes fewer steps where text repeats itself', async () => {
    const steps = jest.spyOn(Decoder.prototype, 'write');
    const prompts = [Array.from({ length: 40 }, (_, t) => 20 + (t % 5))];
    const settings = decoding({ maxNewTokens: 60 });
    const expected = await generate(model, prompts, settings);
    expect(steps).toHaveBeenCalledTimes(59);
    steps.mockClear();
    expect(await generate(model, prompts, { ...settings, promptLookupNumTokens: 10 })).toEqual(expected);
    expect(steps.mock.calls.length).toBeLessThan(50);
    steps.mockRestore();
  });

  test("a draft never leaves the model's positions", async () => {
    const prompt = Array.from({ length: 120 }, (_, t) => 20 + (t % 5));
    const settings = decoding({ maxNewTokens: 8 });
    const expected = await generate(model, [prompt, [9]], settings);
    expect(await generate(model, [prompt, [9]], { ...settings, promptLookupNumTokens: 10 })).toEqual(expected);
  });
});
