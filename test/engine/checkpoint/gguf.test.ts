/** GGUF files against transformers' reading of the same files (test/golden/gguf), and damaged ones. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openGguf, type GgufMetadata } from '../../../engine/checkpoint/gguf.js';
import { loadCheckpoint, saveCheckpoint } from '../../../engine/checkpoint/huggingface.js';
import { scoreRows } from '../../../engine/score.js';
import { tokenizerOfGguf } from '../../../engine/tokenizer/gguf.js';
import { copyTokenizer, loadTokenizer } from '../../../engine/tokenizer/files.js';

const DIR = 'test/golden/gguf';
let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'gguf-'))));
afterAll(() => rm(folder, { recursive: true }));

const GOLDEN = ['golden', 'decoders'].reduce<Record<string, { rows: number[][]; nll: number[] }>>(
  (all, file) => ({ ...all, ...(JSON.parse(readFileSync(`${DIR}/${file}.json`, 'utf8')) as { models: object }).models }),
  {},
);

describe.each(Object.keys(GOLDEN))('%s', (name) => {
  const file = `${DIR}/${name}.gguf`;

  test('log-likelihoods are those that transformers finds', async () => {
    const rows = GOLDEN[name].rows.map((row) => Int32Array.from(row));
    const scores = await scoreRows({ model: await loadCheckpoint(file), rows, threads: 1 });
    scores.forEach(({ nllSum }, i) => expect(Math.abs(nllSum / GOLDEN[name].nll[i] - 1)).toBeLessThan(1e-5));
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

describe('positions stretched by divisors, as in files of Llama 3.1 and later', () => {
  interface Stretched {
    readonly rows: number[][];
    readonly nll: number[];
    readonly divisors: number[];
  }
  test.each([
    ['rope-freqs', 'longrope'],
    ['rope-llama3', 'llama3'],
  ])('%s is written as %s', async (name, type) => {
    const golden = JSON.parse(await readFile(`${DIR}/rope.json`, 'utf8')) as Record<string, Stretched>;
    const { rows, nll, divisors } = golden[name];
    const model = await loadCheckpoint(`${DIR}/${name}.gguf`);
    const expected =
      type === 'llama3'
        ? { factor: 8, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 8192 }
        : { factor: 1, attention_factor: 1, short_factor: divisors, long_factor: divisors };
    expect(model.config.json.rope_parameters).toMatchObject({ rope_type: type, ...expected });
    const out = await mkdtemp(join(folder, 'out-'));
    await saveCheckpoint(out, model);
    expect(existsSync(join(out, 'generation_config.json'))).toBe(false); // transformers makes one of config.json
    for (const loaded of [model, await loadCheckpoint(out)]) {
      const scores = await scoreRows({ model: loaded, rows: rows.map((row) => Int32Array.from(row)), threads: 1 });
      scores.forEach(({ nllSum }, i) => expect(nllSum / nll[i]).toBeCloseTo(1, 5));
    }
  });
});

test('llama.cpp’s other names of a pre-tokenizer', () => {
  const metadata = (pre: string): GgufMetadata =>
    new Map(Object.entries({ model: 'gpt2', pre, tokens: ['a'], merges: [], token_type: [1] }).map(([k, v]) => [`tokenizer.ggml.${k}`, v])); // prettier-ignore
  const same = { llama3: 'llama-bpe', 'llama-v3': 'llama-bpe', 'deepseek-r1-qwen': 'qwen2', 'phi-2': 'gpt-2' };
  for (const [alias, name] of Object.entries(same))
    expect(tokenizerOfGguf(metadata(alias), 'f')).toEqual(tokenizerOfGguf(metadata(name), 'f'));
  for (const pre of ['default', 'tekken', 'constructor'])
    expect(() => tokenizerOfGguf(metadata(pre), 'f')).toThrow(/tokenizer\.ggml\.pre .* is not supported; known: gpt-2/);
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
    [
      'of big-endian order',
      (b: Buffer) => (b.writeUInt32BE(3, 4), b),
      'invalid',
      /GGUF file in big-endian order.*gguf-convert-endian/,
    ],
    [
      'of more layers than tensors',
      (b: Buffer) => (b.writeUInt32LE(10_000_000, b.indexOf('llama.block_count') + 'llama.block_count'.length + 4), b),
      'verification',
      /asks for 10000000 layers, its weights are 20 tensors in all/,
    ],
    [
      'with a key that is not looked at',
      (b: Buffer) => (b.write('llama.frobnicate!', b.indexOf('llama.block_count')), b),
      'invalid',
      /llama\.frobnicate! 2 is not supported/,
    ],
    [
      'that is a pointer',
      () => Buffer.from('version https://git-lfs.github.com/spec/v1\n'),
      'verification',
      /is a Git LFS pointer/,
    ],
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
