/** validate, plan and run look before they start: sources, base models and the store, placed at their settings. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals';
import { habsburg } from './support.js';
import { squadParquet } from '../data/squad.js';

const root = mkdtempSync(join(tmpdir(), 'habsburg-look-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const experiment = join(root, 'e.yaml');
const put = (name: string, content: string | Uint8Array): void => writeFileSync(join(root, name), content);
const TEXT = 'A line of words, and another one behind it.\n'.repeat(60);

const HEAD = 'schemaVersion: 1\nname: look\nseeds: [1]\ngenerations: 1\n';
const TEXTS = `${HEAD}data:
  train: file:train.txt
  valid: file:valid.txt
  test: file:test.txt
  block: 32
tokenizer: { kind: bpe, vocabulary: 300 }
population:
  - name: opt
    base: { kind: scratch, architecture: { hidden: 16, layers: 1, heads: 2 } }
    training: { epochs: 1, batch: 4, learningRate: 1e-3 }
    start: previous
    prompts: original
    decoding: { strategy: greedy }
conditions: [{ name: replace, mixture: { kind: replace } }]
`;
const IMAGES = `${HEAD}data:
  train: file:train.idx
  test: file:test.idx
population:
  - name: vae
    family: vae
    base: { kind: scratch, architecture: { kind: dense, latent: 2, hidden: [4] } }
    start: previous
    training: { epochs: 1, batch: 4, learningRate: 1e-3 }
conditions: [{ name: replace, mixture: { kind: replace } }]
`;
const idx = (side: number): Uint8Array => {
  const bytes = Buffer.alloc(16 + 20 * side * side);
  [0x803, 20, side, side].forEach((number, i) => bytes.writeUInt32BE(number, 4 * i));
  return bytes;
};

/** What validate says, without the folder. */
async function validate(...sets: string[]): Promise<string[]> {
  const { out, err } = await habsburg('validate', experiment, ...sets.flatMap((set) => ['--set', set]));
  return `${out}${err}`.replaceAll(`${root}/`, '').trim().split('\n');
}

beforeEach(() => {
  put('e.yaml', TEXTS);
  for (const split of ['train', 'valid', 'test']) put(`${split}.txt`, `${split}: ${TEXT}`);
});

describe('texts', () => {
  test('that are there, long enough and different', async () => {
    expect(await validate()).toEqual(['e.yaml: valid']);
  });

  test('each at its own setting: missing, compressed, too short', async () => {
    rmSync(join(root, 'train.txt'));
    put('valid.txt', gzipSync(TEXT));
    put('test.txt', 'short\n');
    expect(await validate()).toEqual([
      'e.yaml:6:10: data.train: reading train.txt: no such file or folder; check the path',
      'e.yaml:7:10: data.valid: valid.txt: this is compressed by gzip; unpack it first, e.g. gzip -dc FILE > NEW',
      'e.yaml:8:9: data.test: test.txt has at most 11 tokens, not one block of 32 (data.block); give more text or smaller blocks',
      '3 problems',
    ]);
    expect((await habsburg('plan', experiment)).code).toBe(4);
    expect((await habsburg('run', experiment, '--home', join(root, 'home'))).code).toBe(4);
  });

  test('in another encoding, folders, pipes; set from the command line', async () => {
    put('train.txt', Buffer.from(`né ${TEXT}`, 'latin1'));
    mkdirSync(join(root, 'folder'), { recursive: true });
    execFileSync('mkfifo', [join(root, 'pipe')]);
    expect(await validate(`data.valid=file:${root}/folder`, `data.test=file:${root}/pipe`)).toEqual([
      expect.stringMatching(/^e\.yaml:6:10: data\.train: train\.txt: byte 1 \(0xe9, in line 1\) is not UTF-8/),
      '--set data.valid=file:folder: folder: this is a folder; name a file in it',
      '--set data.test=file:pipe: pipe: this is a pipe, which can be read only once; write it to a file and name that',
      '3 problems',
    ]);
  });

  test('a term’s text is there, and can have as many records as its count asks for', async () => {
    put('more.txt', TEXT);
    const asking = (count: number, file = 'more.txt') =>
      put('e.yaml', TEXTS.replace('{ kind: replace }', `[{ from: real, take: { count: 2 } }, { from: 'file:${file}', take: { count: ${count} } }]`)); // prettier-ignore
    // no token is of less than a byte, and six a line stand for none, in place of its end
    const lines = TEXT.split('\n').length - 1;
    const most = Math.floor((Buffer.byteLength(TEXT) + 5 * lines) / 32);
    asking(most);
    expect(await validate()).toEqual(['e.yaml: valid']);
    asking(most + 1);
    const [few] = await validate();
    expect(few).toMatch(/^e\.yaml:18:\d+: conditions\.0\.mixture\.1\.take: asks for \d+ records of more\.txt/);
    expect(few).toContain(
      `asks for ${most + 1} records of more.txt, which has ${most} at most; lower the count, or give more text`,
    );
    asking(1, 'gone.txt');
    const [gone] = await validate();
    expect(gone).toMatch(/^e\.yaml:18:\d+: conditions\.0\.mixture\.1\.from: reading gone\.txt: no such file or folder; check the path$/); // prettier-ignore
  });

  test('the same text twice is allowed, and said', async () => {
    put('test.txt', readFileSync(join(root, 'train.txt')));
    expect(await validate()).toEqual([
      'e.yaml: valid',
      'note: e.yaml:8:9: data.test: test.txt: the same text as data.train; scores on it would not be of text that is new to the models',
    ]);
  });

  test('records: every line, by the template', async () => {
    const records = (last: string): void => put('train.jsonl', `{"instruction": "a", "output": "b"}\n${last}\n`);
    const sets = ['train', 'valid', 'test'].map((split) => `data.${split}=file:${root}/train.jsonl`);
    const all = [...sets, 'data.packing=records', 'data.template=alpaca'];
    records('{"instruction": "a", "output": "b"}');
    expect((await validate(...all))[0]).toBe('e.yaml: valid');
    records('{"instruction": "a"}');
    expect((await validate(...all))[0]).toMatch(/train\.jsonl:2: the template needs a text as field "output"/);
  });

  test('rows of a Parquet file, by the template, in columns of other names', async () => {
    const row = { context: 'A text.', question: 'What?', answers: { text: ['a text'], answer_start: [0] } };
    const put2 = (last: object): void => put('squad.parquet', squadParquet([row, { ...row, ...last }]));
    const sets = ['train', 'valid', 'test'].map((split) => `data.${split}=file:${root}/squad.parquet`);
    const all = (output: string) => [...sets, 'data.packing=records', 'data.template=question', `data.fields={input: context, instruction: question, output: "${output}"}`]; // prettier-ignore
    put2({});
    expect((await validate(...all('answers.text[0]')))[0]).toBe('e.yaml: valid');
    expect((await validate(...all('answer.text[0]')))[0]).toMatch(/squad\.parquet:1: .* "output", which data\.fields takes from "answer\.text\[0\]"; the record has context, question, answers; did you mean answers\?/); // prettier-ignore
    put2({ answers: { text: [], answer_start: [] } });
    expect((await validate(...all('answers.text[0]')))[0]).toMatch(/squad\.parquet:2: .* as field "output"/);
  });
});

test('images: their headers and sizes', async () => {
  put('e.yaml', IMAGES);
  put('train.idx', idx(8));
  put('test.idx', idx(8));
  expect(await validate()).toEqual(['e.yaml: valid']);
  put('test.idx', gzipSync(idx(6)));
  expect((await validate())[0]).toMatch(/^e\.yaml:7:9: data\.test: test\.idx has images of 6 x 6 pixels, data\.train of 8 x 8/);
  put('train.idx', idx(8).subarray(0, 100));
  expect((await validate())[0]).toMatch(/^e\.yaml:6:10: data\.train: train\.idx: is cut short/);
});

test('a base model: its folder, architecture, positions and tokenizer, and texts of one block in it', async () => {
  const base = join(root, 'base');
  mkdirSync(base, { recursive: true });
  const sets = [`population.opt.base=file:${base}`, 'tokenizer.kind=base', 'tokenizer={kind: base}'];
  expect((await validate(...sets))[0]).toMatch(
    /--set population\.opt\.base=file:base: population\.0\.base: file:base has no config\.json/,
  );
  cpSync('test/golden/lm/opt-pre-ln/config.json', join(base, 'config.json'));
  const weights = readFileSync('test/golden/lm/opt-pre-ln/model.safetensors');
  writeFileSync(join(base, 'model.safetensors'), weights.subarray(0, weights.length - 100));
  expect((await validate(...sets))[0]).toMatch(
    /base\/model\.safetensors is not a valid safetensors file: .* beyond the end of the file/,
  );
  writeFileSync(join(base, 'model.safetensors'), weights);
  expect((await validate(...sets))[0]).toMatch(/reading base\/tokenizer\.json: no such file/);
  cpSync('test/golden/data/tokenizer.json', join(base, 'tokenizer.json'));
  expect(await validate(...sets)).toEqual(['e.yaml: valid']);
  expect((await validate(...sets, 'data.block=1024'))[0]).toMatch(/base has \d+ positions, fewer than data\.block: 1024/);
});

test('a store that is a file', async () => {
  put('store', '');
  const { code, err } = await habsburg('run', experiment, '--store', join(root, 'store', 'inside'), '--home', join(root, 'home'));
  expect([code, err]).toEqual([2, expect.stringMatching(/^habsburg: the store file:.*: .*\/store is a file/)]);
});
