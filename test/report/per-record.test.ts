/** What was observed of each record, from tables made by hand. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ContentStore } from '../../artifacts/store.js';
import { writeTable } from '../../data/table.js';
import { documentName, leftBy, type EvaluationDocument } from '../../spec/documents.js';
import { planDigest } from '../../spec/digest.js';
import { perRecord, recordCsvLines, recordJsonLines } from '../../report/per-record.js';
import { readResults } from '../../report/rows.js';
import { MemoryStore } from '../support/memory-store.js';
import { makeFixture, publishFixture } from './fixture.js';

const store = new ContentStore(new MemoryStore());
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'per-record-'));
  const fixture = makeFixture({ name: 'e', seeds: [1], generations: 1, conditions: ['replace'] });
  await publishFixture(store, fixture);
  const { runs } = await readResults(store, 'e');
  const table = async (columns: Parameters<typeof writeTable>[1]['columns']) => {
    const out = await mkdtemp(join(folder, 't-'));
    await writeTable(out, { records: ['real/000000', '=1,"x"'], columns });
    return store.publish('table', out, { records: 2 });
  };
  const likelihood = { nll_sum: Float64Array.of(1.5, NaN), token_count: Int32Array.of(3, 0) };
  for (const { generation, members } of runs[0].generations) {
    const document: EvaluationDocument = {
      schema: 'habsburg.evaluation/v1',
      experiment: 'e',
      plan: planDigest(fixture.plan),
      run: 'replace/seed-1',
      generation,
      member: 'opt',
      of: leftBy(members.opt)!,
      tables: {
        'likelihood/test/self': await table(likelihood),
        ...(generation === 1 ? { 'code/generated/first': await table({ code_0: Float32Array.of(0.5, -1) }) } : {}),
      },
    };
    await store.writeName(documentName(document), document);
  }
});
afterAll(() => rm(folder, { recursive: true }));

const text = async (lines: AsyncIterable<string>) => {
  let all = '';
  for await (const line of lines) all += line;
  return all;
};

test('a row a record: as CSV, where a name is no formula and what is not finite is empty', async () => {
  const { tables } = await perRecord(store, 'e', { observation: 'likelihood' });
  expect(await text(recordCsvLines(tables))).toBe(
    [
      'condition,seed,member,generation,observation,record,nll_sum,token_count',
      'replace,1,opt,0,likelihood/test/self,real/000000,1.5,3',
      `replace,1,opt,0,likelihood/test/self,"'=1,""x""",,0`,
      'replace,1,opt,1,likelihood/test/self,real/000000,1.5,3',
      `replace,1,opt,1,likelihood/test/self,"'=1,""x""",,0`,
      '',
    ].join('\n'),
  );
});

test('as JSON lines, observations of all kinds', async () => {
  const { tables, observations } = await perRecord(store, 'e', {});
  expect(observations).toEqual(['code/generated/first', 'likelihood/test/self']);
  const rows = (await text(recordJsonLines(tables))).trim().split('\n').map((line) => JSON.parse(line) as unknown); // prettier-ignore
  const place = { condition: 'replace', seed: 1, member: 'opt' };
  expect(rows).toHaveLength(6);
  expect(rows[2]).toEqual({ ...place, generation: 1, observation: 'code/generated/first', record: 'real/000000', code_0: 0.5 });
  expect(rows[1]).toEqual({ ...place, generation: 0, observation: 'likelihood/test/self', record: '=1,"x"', nll_sum: null, token_count: 0 }); // prettier-ignore
});

test('tables with other columns do not go into one CSV, and an unknown name is told with those that there are', async () => {
  const { tables } = await perRecord(store, 'e', {});
  await expect(text(recordCsvLines(tables))).rejects.toMatchObject({
    kind: 'invalid',
    message: expect.stringContaining('choose one with --observation'),
  });
  await expect(perRecord(store, 'e', { observation: 'like' })).rejects.toMatchObject({
    kind: 'notFound',
    message: 'no observation "like" in e; it has code/generated/first, likelihood/test/self',
  });
});
