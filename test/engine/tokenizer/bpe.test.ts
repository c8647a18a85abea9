/** Training, encoding and files of the byte-level BPE, against Hugging Face tokenizers (test/golden/tokenizer). */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { sha256 } from '../../../common/canonical.js';
import { loadTokenizer, saveTokenizer } from '../../../engine/tokenizer/files.js';
import { trainBpe } from '../../../engine/tokenizer/train-bpe.js';
import { countWords } from '../../../engine/tokenizer/word-counts.js';

interface Trained {
  readonly size: number;
  readonly vocabulary: string[];
  readonly merges: [string, string][];
  readonly encodings: { text: string; ids: number[] }[];
}

const NAMES = { bos: '</s>', eos: '</s>', pad: '<pad>', maxLength: 128 };
let folder: string;
let trained: Trained[];
let lines: string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'habsburg-tokenizer-'));
  trained = (JSON.parse(await readFile('test/golden/tokenizer/expected.json', 'utf8')) as { trained: Trained[] }).trained;
  lines = (await readFile('test/golden/tokenizer/corpus.txt', 'utf8')).match(/[^\n]*\n|[^\n]+$/g)!;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('byte-level BPE', () => {
  test('the same vocabulary and merges as tokenizers, ties and a text that runs dry included', () => {
    for (const { size, vocabulary, merges } of trained) {
      const model = trainBpe(countWords(lines), size);
      expect(model.vocabulary).toEqual(vocabulary);
      expect(model.merges).toEqual(merges);
    }
  });

  test('a text that is counted in parts gives what it gives as a whole', () => {
    const counts = countWords(lines.slice(0, 100));
    for (let at = 100; at < lines.length; at += 7) countWords(lines.slice(at, at + 7), counts);
    const { size, vocabulary, merges } = trained[0];
    const model = trainBpe(counts, size);
    expect([model.vocabulary, model.merges]).toEqual([vocabulary, merges]);
  });

  test('saved files encode as tokenizers does, special tokens and odd white space included', async () => {
    for (const { size, encodings } of trained) {
      const dir = join(folder, String(size));
      await mkdir(dir);
      await saveTokenizer(dir, trainBpe(countWords(lines), size), NAMES);
      const tokenizer = await loadTokenizer(dir);
      for (const { text, ids } of encodings) expect({ text, ids: tokenizer.encode(text) }).toEqual({ text, ids });
    }
  });

  test('training twice gives the same bytes', async () => {
    const digests: string[] = [];
    for (const name of ['one', 'two']) {
      await mkdir(join(folder, name));
      await saveTokenizer(join(folder, name), trainBpe(countWords(lines), 420), NAMES);
      digests.push(sha256(await readFile(join(folder, name, 'tokenizer.json'))));
    }
    expect(digests[0]).toBe(digests[1]);
  });

  test('decode(encode(text)) is the text, for any Unicode text', async () => {
    await saveTokenizer(folder, trainBpe(countWords(lines), 420), NAMES);
    const tokenizer = await loadTokenizer(folder);
    expect([
      tokenizer.size,
      tokenizer.idOf('<s>'),
      tokenizer.idOf('<pad>'),
      tokenizer.idOf('</s>'),
      tokenizer.idOf('absent'),
    ]).toEqual([420, 0, 1, 2, undefined]);
    expect(tokenizer.prefix).toEqual([]);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
      }),
      { numRuns: 500 },
    );
    const spaced = "Hello , world . </s> don 't  stop\n\n<s>";
    expect(tokenizer.decode(tokenizer.encode(spaced))).toBe(spaced);
    // an embedding can have more rows than the tokenizer has tokens
    expect(tokenizer.decode([...tokenizer.encode('end'), 5000])).toBe('end');
  });

  test("a post-processor's prefix is known, other kinds of tokenizer go through the library, without clean-up", async () => {
    await saveTokenizer(folder, trainBpe(countWords(lines), 420), NAMES);
    const json = JSON.parse(await readFile(join(folder, 'tokenizer.json'), 'utf8')) as Record<string, unknown>;
    const expected = (await loadTokenizer(folder)).encode('The ledger , counted .');
    json.post_processor = {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: '</s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [],
      special_tokens: { '</s>': { id: '</s>', ids: [2], tokens: ['</s>'] } },
    };
    json.normalizer = { type: 'NFC' };
    await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(json));
    const tokenizer = await loadTokenizer(folder);
    expect(tokenizer.prefix).toEqual([2]);
    expect(tokenizer.size).toBe(420);
    expect(tokenizer.encode('The ledger , counted .')).toEqual(expected);
    expect(tokenizer.decode(expected)).toBe('The ledger , counted .');
    expect(tokenizer.decode([])).toBe('');
  });

  test('long words: the same ids as tokenizers, in time that grows with the text', async () => {
    const { words } = JSON.parse(await readFile('test/golden/tokenizers/long-words.json', 'utf8')) as {
      words: { alphabet: string; n: number; tokens: number; sha256: string }[];
    };
    const tokenizer = await loadTokenizer('test/golden/tokenizers/opt');
    for (const { alphabet, n, tokens, sha256: expected } of words) {
      const ids = tokenizer.encode(letters(alphabet, n));
      expect([alphabet, ids.length, sha256(ids.join(','))]).toEqual([alphabet, tokens, `sha256:${expected}`]);
    }
    // quadratic time would be some 25 minutes
    const began = process.cpuUsage().user;
    expect(tokenizer.decode(tokenizer.encode(letters('theinrd', 400_000)))).toHaveLength(400_000);
    expect(process.cpuUsage().user - began).toBeLessThan(20e6);
  });

  test('bad input is named', async () => {
    expect(() => trainBpe(countWords(lines), 200)).toThrow(/at least 259 tokens, not 200/);
    const dir = join(folder, 'bad');
    await mkdir(dir);
    await expect(loadTokenizer(dir)).rejects.toMatchObject({ kind: 'notFound' });
    await writeFile(join(dir, 'tokenizer.json'), '{"model": {"vocab"');
    await expect(loadTokenizer(dir)).rejects.toMatchObject({ kind: 'verification' });
    await writeFile(join(dir, 'tokenizer.json'), '{"model": {}}');
    await expect(loadTokenizer(dir)).rejects.toMatchObject({ kind: 'verification' });
  });
});

/** The same letters as in make_long_words.py. */
function letters(alphabet: string, n: number): string {
  const of = Array.from(alphabet);
  let state = 1;
  let text = '';
  for (let i = 0; i < n; i++) {
    state = Number((BigInt(state) * 1103515245n + 12345n) % 2147483648n);
    text += of[(state >> 16) % of.length];
  }
  return text;
}
