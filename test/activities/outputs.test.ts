/** What a step leaves is looked at before it is published, and again before it is believed. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { checkOutput, lackOf } from '../../activities/outputs.js';
import { openArtifactStore } from '../../artifacts/open.js';
import { findStep, writeStep } from '../../artifacts/step-record.js';
import type { ArtifactKind, ArtifactManifest } from '../../artifacts/types.js';
import { sha256 } from '../../common/canonical.js';
import { writeSafetensors } from '../../engine/checkpoint/safetensors.js';
import { failure } from '../artifacts/object-store-contract.js';

const root = mkdtempSync(join(tmpdir(), 'habsburg-outputs-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const weights = join(root, 'weights');
await writeSafetensors(weights, new Map([['w', { shape: [2], data: new Float32Array([1, 2]) }]]));
const { readFileSync } = await import('node:fs');
const WEIGHTS = readFileSync(weights);

let made = 0;
function folderWith(files: Record<string, string | Buffer>): string {
  const folder = join(root, `in-${made++}`);
  mkdirSync(folder);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

const RIGHT: [ArtifactKind, Record<string, string | Buffer>, ArtifactManifest['facts']][] = [
  ['model', { 'config.json': '{}', 'model.safetensors': WEIGHTS }, {}],
  ['model', { 'config.json': '{}', 'pytorch_model.bin': 'x', 'odd.json': 'not ours: {' }, {}],
  ['model', { 'states.jsonl': '{}\n' }, {}],
  ['dataset', { 'records.jsonl': '{}\n{}\n' }, { records: 2 }],
  ['dataset', { 'records.jsonl': '' }, { records: 0 }],
  ['dataset', { 'records.jsonl': '{}\n', 'images.idx3-ubyte': 'x' }, { records: 1 }],
  ['selection', { 'selection.json': '{}' }, { records: 7 }],
  ['table', { 'table.parquet': 'PAR1' }, { records: 2 }],
  ['something-new', { a: '1' }, {}],
  ['tokenizer', { 'tokenizer.json': '{}' }, {}],
  ['scores', { 'scores.json': '{}' }, {}],
  ['scores', { 'series.json': '{}' }, {}],
  ['truth', { 'truth.json': '{}' }, {}],
];
test.each(RIGHT)('%s %j: right', async (kind, files, facts) => {
  await checkOutput('step', 'out', { kind, folder: folderWith(files), facts });
});

const WRONG: [ArtifactKind, Record<string, string | Buffer>, ArtifactManifest['facts'], RegExp][] = [
  ['model', {}, {}, /finetune left a model without config.json and weights as its output out/],
  ['model', { 'config.json': '{}' }, {}, /a model without weights/],
  ['model', { 'model.safetensors': WEIGHTS }, {}, /a model without config.json/],
  ['model', { 'config.json': '', 'model.safetensors': WEIGHTS }, {}, /a model without config.json/],
  ['model', { 'config.json': '{', 'model.safetensors': WEIGHTS }, {}, /a damaged config.json/],
  ['model', { 'config.json': '{}', 'model.safetensors': WEIGHTS.subarray(0, -1) }, {}, /a damaged model.safetensors/],
  ['model', { 'config.json': '{}', 'model.safetensors': 'x' }, {}, /a damaged model.safetensors/],
  ['dataset', {}, { records: 1 }, /a dataset without records.jsonl/],
  ['dataset', { 'records.jsonl': '' }, { records: 3 }, /a dataset without records.jsonl/],
  ['dataset', { 'records.jsonl': '{}\n{}' }, { records: 2 }, /1 records in place of 2/],
  ['dataset', { 'records.jsonl': '{}\n' }, { records: NaN }, /1 records in place of NaN/],
  ['selection', {}, { records: 7 }, /a selection without selection.json/],
  ['table', {}, { records: 2 }, /a table without table.parquet/],
  ['something-new', {}, {}, /a something-new without any file/],
  ['tokenizer', { 'vocab.json': '{}' }, {}, /a tokenizer without tokenizer.json/],
  ['scores', { 'scores.json': 'NaN' }, {}, /a damaged scores.json/],
];
test.each(WRONG)('%s %j with %j is refused', async (kind, files, facts, sentence) => {
  const told = await failure(checkOutput('finetune', 'out', { kind, folder: folderWith(files), facts }));
  expect(told).toMatchObject({ kind: 'failed', message: expect.stringMatching(sentence) });
});

test('an empty model that was believed in earlier days is found out, and replaced by a whole one', async () => {
  const store = openArtifactStore(join(root, 'poisoned'));
  const key = sha256('a step');
  const lacks = (_: string, manifest: ArtifactManifest) => lackOf(manifest);
  const empty = await store.publish('model', folderWith({}));
  await writeStep(store, { key, step: 'finetune', outputs: { model: empty }, report: {}, statement: sha256('statement') });
  expect((await findStep(store, key)).record).toBeDefined();
  expect(await findStep(store, key, { lacks })).toEqual({
    damage: "finetune's output model: a model without config.json and weights",
  });
  const whole = await store.publish('model', folderWith({ 'config.json': '{}', 'model.safetensors': WEIGHTS }));
  const record = await writeStep(store, {
    key,
    step: 'finetune',
    outputs: { model: whole },
    report: {},
    statement: sha256('statement'),
  });
  expect(await findStep(store, key, { lacks })).toEqual({ record });
});
