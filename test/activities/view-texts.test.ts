/** Texts in the tokens of another reader: what was written, and sources. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { viewSource, viewTexts, type TextsToView } from '../../activities/view-texts.js';
import { RECORDS_FILE, readAllRecords, writeRecords, type DataRecord } from '../../pool/records.js';
import { END, tokenizerIn } from '../support/tokenizer.js';
import { text } from '../support/workplace.js';

const root = mkdtempSync(join(tmpdir(), 'habsburg-view-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const folder = (name: string) => {
  mkdirSync(join(root, name));
  return join(root, name);
};
const folders = { writer: folder('writer'), reader: folder('reader') };
const writer = await tokenizerIn(folders.writer);
// `ab` is one token of the reader's
const reader = await tokenizerIn(folders.reader, ['abababab abab'], 3);

const written = (i: number, tokens: readonly number[], more: Partial<DataRecord> = {}): DataRecord =>
  text(`g1/m/00000${i}`, tokens, { origin: { kind: 'generated', member: 'm', generation: 1, model: 'sha256:m' }, ...more });

let made = 0;
async function view(records: readonly DataRecord[], more: Partial<TextsToView>) {
  const set = folder(`set-${made}`);
  const out = folder(`out-${made++}`);
  await writeRecords(join(set, RECORDS_FILE), records);
  const counts = await viewTexts({
    ...folders,
    set,
    out,
    begins: END,
    prefix: [],
    endTokens: [END],
    block: 4,
    packing: 'bos-line',
    ...more,
  });
  return { ...counts, records: counts.records, found: await readAllRecords(out) };
}

test('what several records say becomes blocks of the reader, lines where the writer began them', async () => {
  const said = (line: string) => [END, ...writer.encode(`${line}\n`)];
  const { read, records, found } = await view([written(0, said('abab')), written(1, said('x')), written(2, said('longe'))], {});
  expect(read).toBe(3);
  expect(records).toBe(found.length);
  const all = ['abab', 'x', 'longe'].flatMap((line) => [END, ...reader.encode(`${line}\n`)]);
  // the remainder is dropped
  expect(found.map(({ tokens }) => tokens)).toEqual([0, 4, 8].map((from) => all.slice(from, from + 4)));
  expect(all).toHaveLength(13);
  expect(found[0].origin).toMatchObject({ member: 'm', records: ['g1/m/000000', 'g1/m/000001'] });
});

test('a row each of prompts and answers, too long ones left out', async () => {
  const row = (i: number, prompt: string, answer: string): DataRecord => {
    const before = [0, ...writer.encode(prompt)];
    return written(i, [...before, ...writer.encode(answer), END], {
      text: answer,
      prompt: { tokens: before.length, text: prompt },
    });
  };
  const rows = [row(0, 'ab', 'abx'), row(1, 'q', 'a long answer')];
  const { read, records, found } = await view(rows, { packing: 'records', prefix: [0], block: 6 });
  expect({ read, records }).toEqual({ read: 2, records: 1 });
  const before = [0, ...reader.encode('ab')];
  expect(found).toMatchObject([
    { tokens: [...before, ...reader.encode('abx'), END], text: 'abx', prompt: { tokens: before.length } },
  ]);
});

test('a source of real text in blocks of a reader, named after what it holds', async () => {
  const out = folder('source');
  const from = { place: { kind: 'given', text: 'abab\nx\n' } as const, source: 'sha256:text', given: 'file:/somewhere' };
  const facts = { begins: END, prefix: [], endTokens: [END] };
  expect(await viewSource({ text: from, reader: folders.reader, facts, shape: { block: 3 }, out })).toEqual({
    records: 2,
    leftOut: 0,
  });
  const all = ['abab', 'x'].flatMap((line) => [END, ...reader.encode(`${line}\n`)]);
  expect(await readAllRecords(out)).toMatchObject([
    { id: 'source/000000', tokens: all.slice(0, 3), origin: { kind: 'real', source: 'sha256:text' } },
    { id: 'source/000001', tokens: all.slice(3, 6) },
  ]);
  // sentences speak of it as the file of the experiment does
  const short = { ...from, place: { kind: 'given', text: 'x\n' } as const };
  await expect(viewSource({ text: short, reader: folders.reader, facts, shape: { block: 99 }, out })).rejects.toThrow(
    'from: file:/somewhere has 3 tokens, not one block of 99',
  );
});
