/** Stop strings end sequences where transformers 5.17's StopStringCriteria ends them. */
import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { loadCheckpoint, type Checkpoint } from '../../../engine/checkpoint/huggingface.js';
import { stoppingRule } from '../../../engine/generate/stopping.js';
import { openTokenizer } from '../../../engine/tokenizer/pipeline.js';
import { bpeTokenizerJson, byteLevel } from '../../../engine/tokenizer/tokenizer-json.js';
import type { Tokenizer } from '../../../engine/tokenizer/types.js';
import { decoding, generate } from '../../support/generation.js';

let tokenizer: Tokenizer;
beforeAll(async () => {
  const { trained } = JSON.parse(await readFile('test/golden/tokenizer/expected.json', 'utf8')) as {
    trained: { size: number; vocabulary: string[]; merges: [string, string][] }[];
  };
  const { vocabulary, merges } = trained.find(({ size }) => size === 420)!;
  const vocab = Object.fromEntries(vocabulary.map((token, id) => [token, id]));
  tokenizer = openTokenizer(bpeTokenizerJson({ vocab, merges, added: [], preTokenizer: byteLevel(true) }), 'expected.json');
});

const rule = (stopStrings: string[], maxNewTokens = 1e6) =>
  stoppingRule(decoding({ stopStrings, maxNewTokens }), [], (ids) => tokenizer.decode(ids));

/** How many tokens of the sequence are there when it ends, each time it does. */
function endsOf(stopStrings: string[], ids: readonly number[]): number[] {
  const tokens = Int32Array.from(ids);
  const ends = rule(stopStrings);
  return ids.flatMap((id, i) => (ends(id, i + 1, () => ({ tokens, length: i + 1, promptLength: 0 })) ? [i + 1] : []));
}

describe('stop strings', () => {
  test('end where transformers ends', async () => {
    const { cases } = JSON.parse(await readFile('test/golden/stop-strings.json', 'utf8')) as {
      cases: { stop_strings: string[]; ids: number[]; ends: number[] }[];
    };
    for (const { stop_strings, ids, ends } of cases)
      expect({ stop_strings, ids, ends: endsOf(stop_strings, ids) }).toEqual({ stop_strings, ids, ends });
    expect(cases.filter(({ ends }) => ends.length > 0).length).toBeGreaterThan(50);
  });

  test('a character of several tokens counts when its last byte is there', () => {
    const ids = tokenizer.encode('a€b€');
    const texts = ids.map((_, i) => tokenizer.decode(ids.slice(0, i + 1)));
    const complete = texts.flatMap((text, i) => (text.endsWith('€') ? [i + 1] : []));
    expect(complete).toHaveLength(2);
    expect(complete[0]).toBeGreaterThan(2);
    expect(endsOf(['€'], ids)).toEqual(complete);
    expect(endsOf(['a€'], ids)).toEqual([complete[0]]);
  });

  test('the limit of new tokens holds beside them, and the prompt does not count towards it', () => {
    const ends = rule(['zq'], 3);
    const tokens = Int32Array.of(5, 6, 7, 8, 9);
    const written = [1, 2, 3];
    expect(written.map((n) => ends(tokens[n + 1], n, () => ({ tokens, length: n + 2, promptLength: 2 })))).toEqual([
      false,
      false,
      true,
    ]);
  });
});

describe('generation with stop strings', () => {
  let model: Checkpoint;
  beforeAll(async () => {
    model = await loadCheckpoint('test/golden/lm/opt-pre-ln');
  });
  const PROMPTS = [[5, 17, 30], [40], [7, 7, 99, 100]];
  /** Every token is a word of its own. */
  const decode = (ids: ArrayLike<number>) => Array.from(ids, (id) => ` ${id}`).join('');

  test.each([{}, { strategy: 'beam' as const, beams: 3, lengthPenalty: -1 }, { promptLookupNumTokens: 4 }])(
    'rows end behind them: %j',
    async (settings) => {
      const free = await generate(model, PROMPTS, decoding({ ...settings, maxNewTokens: 20 }));
      const stop = ` ${free[0][4]} `.slice(0, -1);
      const rows = await generate(model, PROMPTS, decoding({ ...settings, maxNewTokens: 20, stopStrings: [stop] }), { decode });
      for (const row of rows) {
        const first = row.findIndex((_, i) => decode(row.slice(0, i + 1)).includes(stop));
        expect(first === -1 ? 20 : first + 1).toBe(row.length);
      }
      expect(rows.some((row) => row.length < 20)).toBe(true);
    },
  );

  test('need a way to decode', async () => {
    await expect(generate(model, PROMPTS, decoding({ stopStrings: ['x'] }))).rejects.toThrow(/stop strings need a tokenizer/);
  });
});
