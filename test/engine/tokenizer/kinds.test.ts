/** Tokenizers of Llama 2's, Llama 3's, Qwen2's, SmolLM2's and OPT's kinds against the tokenizers library and transformers (test/golden/tokenizers). */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { loadTokenizer } from '../../../engine/tokenizer/files.js';

const DIR = 'test/golden/tokenizers';
const golden = JSON.parse(readFileSync(`${DIR}/golden.json`, 'utf8')) as {
  texts: string[];
  ids: Record<string, number[][]>;
  decoded: Record<string, string[]>;
};

describe.each(Object.keys(golden.ids))('%s', (kind) => {
  test('the same ids for every text, and the same text for the ids', async () => {
    const tokenizer = await loadTokenizer(`${DIR}/${kind}`);
    golden.texts.forEach((text, i) => expect([text, tokenizer.encode(text)]).toEqual([text, golden.ids[kind][i]]));
    golden.ids[kind].forEach((ids, i) => expect(tokenizer.decode(ids)).toBe(golden.decoded[kind][i]));
    expect(tokenizer.prefix).toEqual({ llama2: [1], llama3: [1], opt: [2] }[kind] ?? []);
  });
});
