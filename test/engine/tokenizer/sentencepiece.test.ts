/** SentencePiece vocabularies in GGUF metadata against the tokenizers library and transformers (test/golden/sentencepiece). */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { GgufMetadata } from '../../../engine/checkpoint/gguf.js';
import { openGguf } from '../../../engine/checkpoint/gguf.js';
import { copyTokenizer, loadTokenizer } from '../../../engine/tokenizer/files.js';
import { tokenizerOfGguf } from '../../../engine/tokenizer/gguf.js';

const DIR = 'test/golden/sentencepiece';
const golden = JSON.parse(readFileSync(`${DIR}/golden.json`, 'utf8')) as {
  texts: string[];
  cases: Record<string, { merges: [string, string][]; ids: number[][]; decoded: string[] }>;
};
let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'sentencepiece-'))));
afterAll(() => rm(folder, { recursive: true }));

async function metadata(): Promise<GgufMetadata> {
  return (await openGguf(`${DIR}/prefix.gguf`)).metadata;
}

describe.each(Object.keys(golden.cases))('%s', (name) => {
  const { ids, decoded } = golden.cases[name];

  test('the same ids for every text, and the same text for the ids, from the file and from a folder made of it', async () => {
    const out = await mkdtemp(join(folder, 'out-'));
    await copyTokenizer(`${DIR}/${name}.gguf`, out);
    for (const path of [`${DIR}/${name}.gguf`, out]) {
      const tokenizer = await loadTokenizer(path);
      golden.texts.forEach((text, i) => expect([text, tokenizer.encode(text)]).toEqual([text, ids[i]]));
      ids.forEach((list, i) => expect(tokenizer.decode(list)).toBe(decoded[i]));
      expect(tokenizer.prefix).toEqual([1]);
      expect(tokenizer.specials).toEqual(['<unk>', '<s>', '</s>']);
    }
  });
});

test('the merges are those that transformers builds of the scores, in order', async () => {
  const { tokenizer } = tokenizerOfGguf(await metadata(), 'x.gguf');
  expect((tokenizer.model as { merges: unknown }).merges).toEqual(golden.cases.prefix.merges);
});

test.each([
  [{ model: 'rwkv' }, 'invalid', /model "rwkv" is not supported, only "gpt2" .* and "llama"/],
  [{ scores: [1, 2] }, 'verification', /scores is no list of \d+ numbers/],
  [
    { unknown_token_id: 5, tokens: ['a', 'b'], scores: [0, 0] },
    'invalid',
    /a SentencePiece vocabulary without <unk> is not supported/,
  ],
])('%j is refused', async (fields, kind, message) => {
  const changed = new Map(await metadata());
  for (const [name, value] of Object.entries(fields)) changed.set(`tokenizer.ggml.${name}`, value);
  expect(() => tokenizerOfGguf(changed, 'x.gguf')).toThrow(expect.objectContaining({ kind, message: expect.stringMatching(message) })); // prettier-ignore
});
