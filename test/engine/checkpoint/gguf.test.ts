/** GGUF files against transformers' reading of the same files (test/golden/gguf), and damaged ones. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openGguf } from '../../../engine/checkpoint/gguf.js';
import { loadCheckpoint, saveCheckpoint } from '../../../engine/checkpoint/huggingface.js';
import { scoreRows } from '../../../engine/score.js';
import { copyTokenizer, loadTokenizer } from '../../../engine/tokenizer/files.js';

const DIR = 'test/golden/gguf';
let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'gguf-'))));
afterAll(() => rm(folder, { recursive: true }));

describe.each(['llama', 'qwen2', 'gpt2'])('%s', (name) => {
  const file = `${DIR}/${name}.gguf`;

  test('log-likelihoods are those that transformers finds', async () => {
    const { models } = JSON.parse(await readFile(`${DIR}/golden.json`, 'utf8')) as {
      models: Record<string, { rows: number[][]; nll: number[] }>;
    };
    const rows = models[name].rows.map((row) => Int32Array.from(row));
    const scores = await scoreRows({ model: await loadCheckpoint(file), rows, threads: 1 });
    scores.forEach(({ nllSum }, i) => expect(Math.abs(nllSum / models[name].nll[i] - 1)).toBeLessThan(1e-5));
  });

  test('converted to a folder it is the same model and tokenizer', async () => {
    const model = await loadCheckpoint(file);
    const out = await mkdtemp(join(folder, 'out-'));
    await saveCheckpoint(out, model);
    await copyTokenizer(file, out);
    const again = await loadCheckpoint(out);
    expect({ ...again.config, json: {} }).toEqual({ ...model.config, json: {} });
    for (const [key, { data }] of model.weights) expect([key, again.weights.get(key)!.data]).toEqual([key, data]);
    const text = "The other  12 they'll <s>é\n";
    const ids = (await loadTokenizer(file)).encode(text);
    expect((await loadTokenizer(out)).encode(text)).toEqual(ids);
    expect((await loadTokenizer(out)).decode(ids)).toBe(text);
  });
});

test('the metadata’s pre-tokenizer decides about digits', async () => {
  const pieces = async (name: string): Promise<string[]> => {
    const tokenizer = await loadTokenizer(`${DIR}/${name}.gguf`);
    return tokenizer.encode('  12').map((id) => tokenizer.decode([id]));
  };
  expect(await pieces('llama')).toEqual(['  ', '1', '2']); // smollm: every digit is a word
  expect(await pieces('gpt2')).toEqual([' ', ' ', '1', '2']); // ' 12' is one
});

describe('a damaged file is refused', () => {
  const variant = async (change: (bytes: Buffer) => Buffer): Promise<string> => {
    const path = join(await mkdtemp(join(folder, 'bad-')), 'model.gguf');
    await writeFile(path, change(await readFile(`${DIR}/llama.gguf`)));
    return path;
  };
  const write = (at: number, value: bigint) => (bytes: Buffer) => (bytes.writeBigUInt64LE(value, at), bytes);

  test.each([
    ['cut in its tensors', (b: Buffer) => b.subarray(0, b.length - 100), 'verification', /reaches beyond the end/],
    ['cut in its metadata', (b: Buffer) => b.subarray(0, 200), 'verification', /more than it can hold|ends too early/],
    ['without its magic', (b: Buffer) => (b.write('GGML', 0), b), 'verification', /does not begin with GGUF/],
    ['of another version', (b: Buffer) => (b.writeUInt32LE(9, 4), b), 'invalid', /GGUF version 9 is not supported/],
    ['that claims 2^40 tensors', write(8, 2n ** 40n), 'verification', /claims 1099511627776 entries/],
    ['that claims 2^63 entries', write(16, 2n ** 63n), 'verification', /claims a size of/],
    [
      'of an unknown architecture',
      (b: Buffer) => (b.write('clip', b.indexOf('llama')), b),
      'invalid',
      /general\.architecture "clipa" is not supported/,
    ],
  ])('%s', async (_, change, kind, message) => {
    const path = await variant(change);
    await expect(loadCheckpoint(path)).rejects.toMatchObject({ kind, message: expect.stringMatching(message) });
  });

  test('an unknown tensor type is named', async () => {
    const path = await variant((bytes) => {
      const at = bytes.indexOf('token_embd.weight') + 'token_embd.weight'.length + 4 + 16;
      bytes.writeUInt32LE(99, at);
      return bytes;
    });
    await expect(openGguf(path)).rejects.toThrow(/tensor "token_embd\.weight" has ggml type 99; supported are F32, F16/);
  });
});
