/** prepare: what a run starts from, by what its sources hold. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import type { ApplicationFailure } from '@temporalio/activity';
import { prepareActivity } from '../../activities/prepare.js';
import type { PrepareInput, PrepareTextInput } from '../../activities/types.js';
import { sha256 } from '../../common/canonical.js';
import { writeIdxImages } from '../../data/idx.js';
import { writeSafetensors } from '../../engine/checkpoint/safetensors.js';
import { tokenizerIn } from '../support/tokenizer.js';
import { Workplace } from '../support/workplace.js';

const at = new Workplace();
afterAll(() => at.remove());

const TEXTS = { train: 'one two three\nfour\n', valid: 'five six\n', test: 'seven eight\n' };
let made = 0;
/** A folder with the three texts; `data` names them. */
function texts(more: Partial<typeof TEXTS> = {}) {
  const folder = join(at.root, `texts-${made++}`);
  mkdirSync(folder);
  const sources = Object.entries({ ...TEXTS, ...more }).map(([split, content]) => {
    writeFileSync(join(folder, `${split}.txt`), content);
    return [split, `file:${join(folder, `${split}.txt`)}`];
  });
  return Object.fromEntries(sources) as typeof TEXTS;
}
const place = at.place({ seed: 0, generation: 0, member: '' });
const scratch = { kind: 'scratch', config: { model_type: 'opt', hidden_size: 8, num_hidden_layers: 1, num_attention_heads: 2, ffn_dim: 8, max_position_embeddings: 16 } }; // prettier-ignore
const data = { block: 4, packing: 'bos-line', limit: {} };
const input = {
  kind: 'text',
  place,
  data: { ...texts(), ...data },
  tokenizer: { kind: 'bpe', vocabulary: 260 },
  base: scratch,
} as unknown as PrepareTextInput;
const prepare = (one: PrepareInput) => at.do(prepareActivity, one);
const failed = (one: PrepareInput) => prepare(one).catch((error: unknown) => error as ApplicationFailure);

test('three splits in blocks, and a tokenizer that says what its texts begin and end with', async () => {
  const { outputs, report } = await prepare(input);
  expect(Object.keys(outputs).sort()).toEqual(['test', 'tokenizer', 'train', 'valid']);
  // bytes, at most one pair of them less: `</s>` and 14 bytes, `</s>` and 5, in blocks of four
  const records = await at.readTexts(outputs.train);
  expect(report).toMatchObject({ train: records.length });
  expect(records.length).toBeGreaterThanOrEqual(4);
  for (const [i, { id, tokens, origin }] of records.entries()) {
    expect(id).toBe(`train/00000${i}`);
    expect(tokens).toHaveLength(4);
    expect(origin.kind).toBe('real');
  }
  expect(records[0].tokens[0]).toBe(2);
  expect((await at.store.manifest(outputs.tokenizer.digest)).facts).toEqual({ begins: 2, prefix: '2', ends: '2' });
  expect((await at.store.manifest(outputs.train.digest)).facts).toMatchObject({ records: records.length, block: 4 });
});

test('the key is of what the sources hold, not of where they lie', async () => {
  const changed = await at.changed<PrepareInput>(prepare, input, {
    'the same elsewhere': { ...input, data: { ...input.data, ...texts() } },
    train: { ...input, data: { ...input.data, ...texts({ train: 'one two three\nfive\n' }) } },
    test: { ...input, data: { ...input.data, ...texts({ test: 'seven nine\n' }) } },
    block: { ...input, data: { ...input.data, block: 3 } },
    limit: { ...input, data: { ...input.data, limit: { train: 1 } } },
    tokenizer: { ...input, tokenizer: { kind: 'bpe', vocabulary: 261 } },
    // the weights that a model from scratch has are none of the data's business
    scratch: { ...input, base: { ...scratch, config: { ...scratch.config, ffn_dim: 16 } } as never },
  });
  expect(changed).toEqual(['train', 'test', 'block', 'limit', 'tokenizer']);
  const { parameters, sources } = await at.stated(await prepare(input));
  expect(parameters).toMatchObject({ texts: { train: { digest: sha256(TEXTS.train) } }, base: null, grammar: null });
  expect(JSON.stringify(parameters)).not.toContain(at.root);
  expect(Object.keys(sources).sort()).toEqual(['test', 'train', 'valid']);
});

test('a text that holds too little is refused by the setting that names it', async () => {
  const short = { ...input, data: { ...input.data, ...texts({ valid: 'x\n' }) } };
  expect(await failed(short)).toMatchObject({
    type: 'habsburg.invalid',
    message: expect.stringMatching(/^data\.valid: file:.* has 3 tokens, not one block of 4/),
  });
});

test('an architecture that there is not ends the run before anything is read', async () => {
  const wrong = {
    ...input,
    data: { ...input.data, train: 'file:/nowhere' },
    base: { kind: 'scratch', config: { model_type: 'elman' } },
  };
  expect(await failed(wrong as never)).toMatchObject({ type: 'habsburg.invalid', message: expect.stringContaining('elman') });
});

test('a base model is imported as its files are, and its tokenizer with it', async () => {
  const folder = join(at.root, 'base');
  mkdirSync(folder);
  await tokenizerIn(folder);
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ model_type: 'opt', bos_token_id: 2, eos_token_id: 2 }));
  await writeSafetensors(join(folder, 'model.safetensors'), new Map([['w', { shape: [1], data: Float32Array.of(1) }]]));
  writeFileSync(join(folder, 'notes.txt'), 'no part of a model');
  const of = (path: string) =>
    ({ ...input, tokenizer: { kind: 'base' }, base: { kind: 'checkpoint', source: `file:${path}` } }) as PrepareTextInput;
  const { outputs, key } = await prepare(of(folder));
  const files = (await at.store.manifest(outputs.base.digest)).files.map(({ path }) => path);
  expect(files).toEqual(expect.arrayContaining(['config.json', 'model.safetensors', 'tokenizer.json']));
  expect(files).not.toContain('notes.txt');
  expect((await at.stated(await prepare(of(folder)))).parameters).toMatchObject({ base: { 'config.json': expect.any(String) } });
  // elsewhere it is the same, with other weights another
  const copy = join(at.root, 'copy');
  mkdirSync(copy);
  for (const file of files) copyFileSync(join(folder, file), join(copy, file));
  expect(await prepare(of(copy))).toMatchObject({ key, cached: true });
  await writeSafetensors(join(copy, 'model.safetensors'), new Map([['w', { shape: [1], data: Float32Array.of(2) }]]));
  expect((await prepare(of(copy))).key).not.toBe(key);
});

test('a model from scratch has no tokenizer to take over', async () => {
  expect(await failed({ ...input, tokenizer: { kind: 'base' } })).toHaveProperty(
    'message',
    expect.stringContaining('a model from scratch needs tokenizer: { kind: bpe, vocabulary: … }'),
  );
});

test('other kinds prepare their data themselves, under the version of their own', async () => {
  const images = join(at.root, 'images');
  await writeIdxImages(images, { count: 4, height: 1, width: 1, pixels: Uint8Array.of(1, 2, 3, 4) });
  const of = (more = {}) =>
    ({
      kind: 'images',
      place,
      data: { train: `file:${images}`, heldOut: { valid: 0.25, test: 0.25 }, limit: {}, ...more },
    }) as never;
  const result = await prepare(of());
  expect(result.report).toEqual({ train: 2, valid: 1, test: 1 });
  expect((await prepare(of({ limit: { train: 1 } }))).key).not.toBe(result.key);
});
