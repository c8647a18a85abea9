/** Against sentence-transformers' vectors of the same texts (test/golden/encoders). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { sentencesOf } from '../../syntax/sentences.js';
import embedding from '../../observations/embedding.js';
import { observe } from '../../observations/observe.js';
import { readTable } from '../../data/table.js';
import { RECORDS_FILE, writeRecords } from '../../pool/records.js';
import { temporaryFolder } from '../support/servers.js';
import { relativeError } from '../support/numbers.js';

const DIR = 'test/golden/encoders';
const golden = JSON.parse(readFileSync(`${DIR}/golden.json`, 'utf8')) as {
  texts: string[];
  models: Record<string, { vectors: { normalised: number[][] } }>;
};

test.each(Object.keys(golden.models))('%s: a row a record, a column a dimension, the same in its table', async (name) => {
  const [data, out] = [temporaryFolder(), temporaryFolder()];
  const expected = golden.models[name].vectors.normalised;
  const records = golden.texts.map((text, i) => ({ id: `r/${i}`, tokens: [1], text, origin: { kind: 'real' as const, source: 's' } })); // prettier-ignore
  await writeRecords(join(data.path, RECORDS_FILE), records);
  const job = { data: data.path, model: `${DIR}/${name}`, settings: {} };
  const { columns } = await embedding.run(job, { threads: 1 });
  expect(Object.keys(columns)).toEqual(expected[0].map((_, k) => `embedding_${k}`));
  expected.forEach((vector, i) => {
    const row = vector.map((_, k) => columns[`embedding_${k}`][i]);
    expect(relativeError(Float32Array.from(row), vector)).toBeLessThan(1e-6);
  });
  await observe({ ...job, observation: 'embedding', out: out.path }, { threads: 1 });
  expect((await readTable(out.path)).columns).toEqual(columns);
  data.remove();
  out.remove();
});

test('sentences as they stand in the text; nothing but white space between them is lost', () => {
  expect(sentencesOf(" Don't go.  It is late!\nYes? ")).toEqual(["Don't go.", 'It is late!', 'Yes?']);
  expect([sentencesOf(''), sentencesOf(' \n ')]).toEqual([[], []]);
  for (const text of [...golden.texts, 'x'.repeat(1000), '\ud83d half 👨‍👩‍👧‍👦 e\u0301. שלום! '.repeat(30)])
    expect(sentencesOf(text).join('').replace(/\s+/g, '')).toBe(text.replace(/\s+/g, ''));
});

test('a row a sentence, each as a text of its own is embedded', async () => {
  const [data, alone, out] = [temporaryFolder(), temporaryFolder(), temporaryFolder()];
  const write = (folder: string, texts: readonly string[]) =>
    writeRecords(
      join(folder, RECORDS_FILE),
      texts.map((text, i) => ({ id: `r/${i}`, tokens: [1], text, origin: { kind: 'real' as const, source: 's' } })),
    );
  await write(data.path, ['The cat sat. The dog ran.', '', 'Yes.']);
  await write(alone.path, ['The cat sat.', 'The dog ran.', 'Yes.']);
  const model = `${DIR}/${Object.keys(golden.models)[0]}`;
  await observe({ data: data.path, model, settings: {}, observation: 'sentence-embedding', out: out.path }, { threads: 1 });
  const { records, columns } = await readTable(out.path);
  expect(records).toEqual(['r/0', 'r/0', 'r/2']);
  const { columns: expected } = await embedding.run({ data: alone.path, model, settings: {} }, { threads: 1 });
  expect(Object.keys(columns)).toEqual(Object.keys(expected));
  for (const [name, column] of Object.entries(expected)) expect(relativeError(columns[name], column)).toBeLessThan(1e-6);
  for (const folder of [data, alone, out]) folder.remove();
});
