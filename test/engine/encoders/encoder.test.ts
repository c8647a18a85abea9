/** BERT and MPNet against sentence-transformers and transformers (test/golden/encoders). */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readSafetensors, writeSafetensors } from '../../../engine/checkpoint/safetensors.js';
import { Encoder } from '../../../engine/encoders/encoder.js';
import { relativeBucket } from '../../../engine/encoders/mpnet.js';
import { relativeError } from '../../support/numbers.js';

const DIR = 'test/golden/encoders';
const golden = JSON.parse(readFileSync(`${DIR}/golden.json`, 'utf8')) as {
  texts: string[];
  models: Record<string, { ids: number[][]; hidden: number[][][]; vectors: Record<string, number[][]> }>;
  buckets: { from: number; rows: number[] };
};
const { texts } = golden;
let root: string;
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), 'encoders-'))));
afterAll(() => rm(root, { recursive: true }));

/** A copy of a model's folder in which files are replaced. */
async function variant(name: string, files: Readonly<Record<string, object>>): Promise<string> {
  const folder = await mkdtemp(join(root, `${name}-`));
  await cp(`${DIR}/${name}`, folder, { recursive: true });
  for (const [file, json] of Object.entries(files)) await writeFile(join(folder, file), JSON.stringify(json));
  return folder;
}

const json = async (file: string): Promise<Record<string, unknown>> =>
  JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;

describe.each(Object.keys(golden.models))('%s', (name) => {
  const { ids, hidden, vectors } = golden.models[name];

  test('ids, last hidden states and normalised means, alone and padded in a batch', async () => {
    const encoder = await Encoder.load(`${DIR}/${name}`);
    for (const batch of [1, 6]) {
      const encodings = await encoder.encode(texts, { threads: 1, batch });
      expect(encodings.map((encoding) => Array.from(encoding.ids))).toEqual(ids);
      hidden.forEach((rows, i) => expect(relativeError(encodings[i].hidden, rows.flat())).toBeLessThan(1e-5));
      vectors.normalised.forEach((row, i) => expect(relativeError(encodings[i].embedding, row)).toBeLessThan(1e-6));
    }
    const embedded = await encoder.embed(texts, { threads: 1 });
    vectors.normalised.forEach((row, i) => expect(relativeError(embedded[i], row)).toBeLessThan(1e-6));
  });

  test.each(Object.keys(vectors).filter((mode) => mode !== 'normalised'))('pooling_mode %s', async (mode) => {
    const plain = (await json(`${DIR}/${name}/modules.json`)) as unknown as object[];
    const folder = await variant(name, { 'modules.json': plain.slice(0, 2), '1_Pooling/config.json': { pooling_mode: mode } });
    const embedded = await (await Encoder.load(folder)).embed(texts, { threads: 1 });
    vectors[mode].forEach((row, i) => expect(relativeError(embedded[i], row)).toBeLessThan(1e-6));
  });

  test('flags of before sentence-transformers 6: what several ask for is joined', async () => {
    const flags = { pooling_mode_mean_tokens: true, pooling_mode_cls_token: true, pooling_mode_max_tokens: false };
    const plain = (await json(`${DIR}/${name}/modules.json`)) as unknown as { path: string; type: string }[];
    const modules = plain.slice(0, 2).map((row) => ({ ...row, type: `sentence_transformers.models.${row.type.split('.').at(-1)!}` })); // prettier-ignore
    const folder = await variant(name, { 'modules.json': modules, '1_Pooling/config.json': flags });
    const embedded = await (await Encoder.load(folder)).embed(texts, { threads: 1 });
    embedded.forEach((row, i) => expect(relativeError(row, [...vectors.cls[i], ...vectors.mean[i]])).toBeLessThan(1e-6));
  });

  test('a prefix, a pooler and a head in the file change nothing', async () => {
    const folder = await variant(name, {});
    const weights = await readSafetensors(join(folder, 'model.safetensors'));
    const more = { shape: [2], data: Float32Array.of(1, 2) };
    const named = [...weights].map(([key, tensor]) => [`${name}.${key}`, tensor] as const);
    await writeSafetensors(join(folder, 'model.safetensors'), new Map([...named, [`${name}.pooler.dense.bias`, more], ['cls.predictions.bias', more]])); // prettier-ignore
    const [embedded] = await (await Encoder.load(folder)).embed(texts, { threads: 1 });
    expect(relativeError(embedded, vectors.normalised[0])).toBeLessThan(1e-6);
  });

  test('max_seq_length cuts texts', async () => {
    const folder = await variant(name, { 'sentence_bert_config.json': { max_seq_length: 7, do_lower_case: false } });
    const encoder = await Encoder.load(folder);
    expect(Array.from(encoder.idsOf(texts[0]))).toEqual([...ids[0].slice(0, 6), ids[0].at(-1)]);
  });
});

test('MPNet’s buckets are transformers’', () => {
  const { from, rows } = golden.buckets;
  expect(rows.map((_, i) => relativeBucket(from + i))).toEqual(rows);
});

test.each([
  ['bert', 'config.json', { model_type: 'electra' }, /model_type "electra" is no encoder that is known; known: bert, roberta, distilbert, mpnet/],
  ['bert', 'config.json', { position_embedding_type: 'relative_key' }, /position_embedding_type is supported as "absolute" only/],
  ['bert', 'config.json', { hidden_size: 21 }, /hidden_size 21 is not divisible by num_attention_heads 4/],
  ['bert', 'config.json', { vocab_size: 81 }, /embeddings\.word_embeddings\.weight has shape \(\d+, 20\), config\.json asks for \(81, 20\)/],
  ['bert', 'config.json', { num_hidden_layers: 1 }, /holds the weight encoder\.layer\.1\..*, for which its config\.json has no place/],
  ['mpnet', 'config.json', { relative_attention_num_buckets: 12 }, /relative_attention_num_buckets is supported as 32 only, not 12/],
  ['mpnet', '1_Pooling/config.json', { pooling_mode: 'attention' }, /pooling_mode is supported as cls, max, mean, .* only, not "attention"/],
  ['mpnet', 'sentence_bert_config.json', { do_lower_case: true }, /do_lower_case is supported as false only/],
])('%s: %s with %j is refused by name', async (name, file, fields, message) => {
  const folder = await variant(name, { [file]: { ...(await json(`${DIR}/${name}/${file}`)), ...fields } });
  await expect(Encoder.load(folder)).rejects.toThrow(message);
}); // prettier-ignore

test('a module that is not known is refused by name', async () => {
  const modules = [['Transformer', ''], ['Pooling', '1_Pooling'], ['Dense', '2_Dense']].map(([type, path]) => ({ type: `sentence_transformers.models.${type}`, path })); // prettier-ignore
  await expect(Encoder.load(await variant('bert', { 'modules.json': modules }))).rejects.toThrow(
    /modules are supported as Transformer, Pooling and Normalize only, not Transformer, Pooling, Dense/,
  );
});
