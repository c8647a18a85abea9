/** Warpers against transformers' probabilities (test/golden/samplers.json), and their edges. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { pick } from '../../../engine/generate/strategies/sample.js';
import { warpersOf } from '../../../engine/generate/warpers/index.js';
import { softmax } from '../../../engine/generate/warpers/softmax.js';
import { decoding } from '../../support/generation.js';

/** Probabilities after the warpers for a sequence of `previous` tokens, of which the first `promptLength` are the prompt. */
function warped(
  logits: readonly number[],
  settings: Parameters<typeof decoding>[0],
  { previous = [], promptLength = previous.length, endTokens = [], minTokensToKeep = 1 }: Around = {},
): Float64Array {
  const values = Float32Array.from(logits);
  const history = { tokens: Int32Array.from(previous), length: previous.length, promptLength };
  for (const warp of warpersOf(decoding(settings), { endTokens, minTokensToKeep })) warp(values, history);
  return softmax(values);
}

interface Around {
  readonly previous?: readonly number[];
  readonly promptLength?: number;
  readonly endTokens?: readonly number[];
  readonly minTokensToKeep?: number;
}

describe('warpers', () => {
  test.each([
    ['temperature_0.7', { temperature: 0.7 }],
    ['top_p_0.9', { topP: 0.9 }],
    ['temperature_0.7,top_p_0.9', { temperature: 0.7, topP: 0.9 }],
    ['top_k_50', { topK: 50 }],
    ['min_p_0.05', { minP: 0.05 }],
    ['repetition_penalty_2.0', { repetitionPenalty: 2 }],
    [
      'repetition_penalty_1.3,temperature_0.7,top_k_20,top_p_0.9',
      { repetitionPenalty: 1.3, temperature: 0.7, topK: 20, topP: 0.9 },
    ],
  ])('%s within 1e-6 of transformers', async (name, settings) => {
    const golden = JSON.parse(await readFile('test/golden/samplers.json', 'utf8')) as {
      logits: number[][];
      previous_tokens: number[][];
      probs: Record<string, number[][]>;
    };
    golden.logits.forEach((logits, row) => {
      const probabilities = warped(logits, settings, { previous: golden.previous_tokens[row] });
      golden.probs[name][row].forEach((expected, id) => {
        expect(Math.abs(probabilities[id] - expected)).toBeLessThan(1e-6);
        expect(probabilities[id] === 0).toBe(expected === 0);
      });
    });
  });

  test('every processor and warper, and all in a row: the scores of transformers', async () => {
    const golden = JSON.parse(await readFile('test/golden/processors.json', 'utf8')) as {
      eos_token_id: number[];
      prompt_length: number;
      logits: number[][];
      previous: number[][];
      cases: { settings: Record<string, number>; processors: string[]; scores: (number | null)[][] }[];
    };
    for (const { settings: s, processors, scores } of golden.cases) {
      const settings = decoding({
        minNewTokens: s.min_new_tokens ?? 0,
        temperature: s.temperature ?? 1,
        topK: s.top_k ?? 0,
        topP: s.top_p ?? 1,
        minP: s.min_p ?? 0,
        typicalP: s.typical_p ?? 1,
        repetitionPenalty: s.repetition_penalty ?? 1,
        noRepeatNgramSize: s.no_repeat_ngram_size ?? 0,
      });
      const minTokensToKeep = (s.num_beams ?? 1) > 1 ? golden.eos_token_id.length + 1 : 1;
      const warpers = warpersOf(settings, { endTokens: golden.eos_token_id, minTokensToKeep });
      expect(warpers).toHaveLength(processors.length);
      golden.logits.forEach((logits, row) => {
        const values = Float32Array.from(logits);
        const tokens = Int32Array.from(golden.previous[row]);
        for (const warp of warpers) warp(values, { tokens, length: tokens.length, promptLength: golden.prompt_length });
        scores[row].forEach((expected, id) => {
          if (expected === null) expect([s, row, id, values[id]]).toEqual([s, row, id, -Infinity]);
          else expect(Math.abs(values[id] - expected)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(expected)));
        });
      });
    }
  });

  test('top-k keeps ties with the k-th; k beyond the vocabulary keeps all', () => {
    const kept = (k: number) => Array.from(warped([3, 1, 2, 2, 0], { topK: k }), (p) => p > 0);
    expect(kept(1)).toEqual([true, false, false, false, false]);
    expect(kept(2)).toEqual([true, false, true, true, false]);
    expect(kept(4)).toEqual([true, true, true, true, false]);
    expect(kept(9)).toEqual([true, true, true, true, true]);
  });

  test('top-p always keeps the most probable token', () => {
    expect(Array.from(warped([0, 5, 1], { topP: 1e-9 }))).toEqual([0, 1, 0]);
    // of four equal tokens two hold half; the smaller ids go first
    expect(Array.from(warped([1, 1, 1, 1], { topP: 0.5 }), (p) => p > 0)).toEqual([false, false, true, true]);
  });

  test('pick inverts the cumulative distribution', () => {
    const weights = Float64Array.of(0, 1, 0, 3, 0);
    expect([0, 0.2499, 0.25, 0.9999999].map((u) => pick(weights, 4, u))).toEqual([1, 1, 3, 3]);
    expect(pick(weights, 4.0001, 0.99999999)).toBe(3);
  });
});
