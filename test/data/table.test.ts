import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { TABLE_FILE, readTable, writeTable } from '../../data/table.js';

let root: string;
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), 'table-'))));
afterAll(() => rm(root, { recursive: true }));
const folder = (): Promise<string> => mkdtemp(join(root, 't-'));

const table = {
  records: ['real/000000', 'g1/opt/000001', 'é "x",\n'],
  columns: {
    nats: Float64Array.of(-0, 1e-320, Math.PI),
    code: Float32Array.of(Number.NaN, -Infinity, 0.1),
    tokens: Int32Array.of(-1, 0, 2 ** 31 - 1),
  },
};

test('a table comes back bit for bit, and equal tables are equal bytes', async () => {
  const [a, b] = [await folder(), await folder()];
  await writeTable(a, table);
  await writeTable(b, { ...table, columns: { ...table.columns } });
  const back = await readTable(a);
  expect(back.records).toEqual(table.records);
  for (const [name, column] of Object.entries(table.columns)) {
    expect(back.columns[name].constructor).toBe(column.constructor);
    expect(Buffer.from(back.columns[name].buffer).equals(Buffer.from(column.buffer))).toBe(true);
  }
  expect((await readFile(join(a, TABLE_FILE))).equals(await readFile(join(b, TABLE_FILE)))).toBe(true);
});

test('a table of no records', async () => {
  const out = await folder();
  await writeTable(out, { records: [], columns: { nats: new Float64Array(0) } });
  expect((await readTable(out)).records).toEqual([]);
});

test('columns of other lengths are a bug of ours; a damaged file is named', async () => {
  const out = await folder();
  await expect(writeTable(out, { records: ['a'], columns: { nats: new Float64Array(2) } })).rejects.toThrow(
    'column nats has 2 rows',
  );
  await writeFile(join(out, TABLE_FILE), 'PAR1 and no more');
  await expect(readTable(out)).rejects.toMatchObject({ kind: 'verification', message: expect.stringContaining(TABLE_FILE) });
});

test('columns of text come back as they were, beside those of numbers', async () => {
  const out = await folder();
  const texts = { conllu: ['1\tå\n\n', '', '\u0000 "x",\r\n'] };
  await writeTable(out, { ...table, texts });
  const back = await readTable(out);
  expect([back.records, back.texts, [...back.columns.tokens]]).toEqual([table.records, texts, [...table.columns.tokens]]);
  await expect(writeTable(out, { ...table, texts: { conllu: ['a'] } })).rejects.toThrow('column conllu has 1 rows for 3 records');
});
