/** Evaluations over what is read for them: texts, tables, a truth, images; each read once. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from '@jest/globals';
import { forget, measure, type Measurement } from '../../activities/measure.js';
import { sha256 } from '../../common/canonical.js';
import { writeTable } from '../../data/table.js';
import { writeImageRecords } from '../../pool/images.js';
import { RECORDS_FILE, writeRecords, type DataRecord } from '../../pool/records.js';
import { text } from '../support/workplace.js';

const root = mkdtempSync(join(tmpdir(), 'habsburg-measure-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
beforeEach(forget);

let made = 0;
const folder = () => {
  const path = join(root, String(made++));
  mkdirSync(path);
  return path;
};
const texts = async (records: readonly DataRecord[]) => {
  const out = folder();
  await writeRecords(join(out, RECORDS_FILE), records);
  return { digest: sha256(out), folder: out };
};
const subject = sha256('a model');
const ask = (name: string, variant: string, read: Measurement['given']['read'], settings: Measurement['settings'] = {}) =>
  measure({ evaluation: { name, variant }, settings, subject, given: { read, tokenTypes: {} } });
const DISTINCT = ['distinct-1', 'tokens/in-record'] as const;

test('values say what they are of, and a template’s prompt is none of what was written', async () => {
  const prompt = { tokens: 3, text: '1 1 1' };
  const generated = await texts([text('a', [1, 1, 1, 2, 3, 2], { prompt }), text('b', [3])]);
  expect(await ask(...DISTINCT, { generated }, { tokens: 0 })).toEqual({
    schema: 'habsburg.scores/v1',
    values: [
      { metric: 'distinct-1', variant: 'tokens/in-record', version: 1, value: 2 / 4, n: 4, settings: { tokens: 0 }, subject },
    ],
    histograms: [],
    samples: [],
  });
});

test('a size among the settings is that of the values, which keep it', async () => {
  const generated = await texts([text('a', [1, 1, 1]), text('b', [1, 1, 1]), text('c', [1, 1, 1])]);
  const settings = { tokens: 0, 'size.texts': 2, 'size.samples': 3, 'size.seed': 0 };
  const { values } = await ask(...DISTINCT, { generated }, settings);
  expect(values.map(({ variant, value, n }) => [variant, value, n])).toEqual([
    ['tokens/in-record', 1 / 6, 6],
    ['tokens/in-record/subset-sd', 0, 3],
  ]);
  for (const value of values) expect(value.settings).toEqual(settings);
});

test('what was read is kept by its digest, and let go of when it is told so', async () => {
  const generated = await texts([text('a', [1, 2])]);
  const value = async (read: Measurement['given']['read']) => (await ask(...DISTINCT, read, { tokens: 0 })).values[0].value;
  expect(await value({ generated })).toBe(1);
  writeFileSync(join(generated.folder, RECORDS_FILE), `${JSON.stringify(text('a', [1, 1]))}\n`);
  expect(await value({ generated: { digest: generated.digest } })).toBe(1);
  forget();
  expect(await value({ generated })).toBe(1 / 2);
});

test('what could not be read is read again when it is asked for again', async () => {
  const generated = { digest: sha256('late'), folder: join(root, 'late') };
  await expect(ask(...DISTINCT, { generated }, { tokens: 0 })).rejects.toThrow(/ENOENT/);
  mkdirSync(generated.folder);
  await writeRecords(join(generated.folder, RECORDS_FILE), [text('a', [1])]);
  expect((await ask(...DISTINCT, { generated }, { tokens: 0 })).values).toHaveLength(1);
});

test('tables come by their names, a truth from its file', async () => {
  const table = { digest: sha256('table'), folder: folder() };
  await writeTable(table.folder, {
    records: ['a', 'b'],
    columns: {
      nll_sum: Float64Array.of(Math.log(8), Math.log(2)),
      token_count: Int32Array.of(3, 1),
      end_nll_sum: new Float64Array(2),
      end_token_count: new Int32Array(2),
    },
  });
  const { values } = await ask('perplexity', 'real-test/exp-mean-token', { 'likelihood/test/self': table });
  // four tokens, each with probability 1/2
  expect(values[0]).toMatchObject({ value: expect.closeTo(2, 12), n: 4 });
  const truth = { digest: sha256('truth'), folder: folder() };
  writeFileSync(join(truth.folder, 'truth.json'), JSON.stringify({ words: ['x', 'y'], probability: [0.5, 0.5] }));
  const generated = await texts([text('a', [1], { text: 'x x x x' })]);
  const kl = await ask('kl-to-truth', 'written-from-truth/plug-in', { generated, truth }, { words: 2 });
  expect(kl.values[0]).toMatchObject({ value: expect.closeTo(Math.log(2), 12), n: 2 });
});

test('of images the first twenty are kept for a reader', async () => {
  const out = folder();
  const origin = { kind: 'real' as const, source: 'idx' };
  await writeImageRecords(out, Array.from({ length: 23 }, (_, i) => ({ id: `i/${i}`, origin, height: 1, width: 1, pixels: Uint8Array.of(i) }))); // prettier-ignore
  const { pictures } = await ask('pictures', 'first-records', { generated: { digest: sha256(out), folder: out } });
  const pixels = Buffer.from(Array.from({ length: 20 }, (_, i) => i)).toString('base64');
  expect(pictures).toEqual({ count: 20, height: 1, width: 1, pixels });
});

test('a metric that this version does not know is refused', async () => {
  await expect(ask('sharpness', 'v', {})).rejects.toThrow(/no metric sharpness \(v\)/);
});
