/** What operators make of the texts of a set. */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { postprocessTexts, type TextsToPostprocess } from '../../activities/postprocess-texts.js';
import { writeTable } from '../../data/table.js';
import { RECORDS_FILE, readAllRecords, writeRecords, type DataRecord } from '../../pool/records.js';
import { END, tokenizerIn } from '../support/tokenizer.js';
import { text } from '../support/workplace.js';

const root = mkdtempSync(join(tmpdir(), 'habsburg-postprocess-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const tokenizerFolder = join(root, 'tokenizer');
mkdirSync(tokenizerFolder);
const tokenizer = await tokenizerIn(tokenizerFolder);

const RNG = { seed: 1, generation: 1, member: 'm', step: 'postprocess' };
let made = 0;
const folder = () => {
  const path = join(root, String(made++));
  mkdirSync(path);
  return path;
};
const written = (id: string, said: string, continues?: string, more: Partial<DataRecord> = {}): DataRecord =>
  text(id, tokenizer.encode(said), {
    text: said,
    origin: { kind: 'generated', member: 'm', generation: 1, model: 'sha256:m', prompt: continues },
    ...more,
  });
const setOf = async (records: readonly DataRecord[]) => {
  const set = folder();
  await writeRecords(join(set, RECORDS_FILE), records);
  return set;
};
const operator = (name: string, settings: Record<string, unknown> = {}) => ({ name, settings });
const done = async (records: readonly DataRecord[], operators: TextsToPostprocess['operators'], more = {}) => {
  const job = {
    operators,
    set: await setOf(records),
    endTokens: [END],
    tokenizer: tokenizerFolder,
    tables: {},
    rng: RNG,
    from: 0,
    out: folder(),
  };
  return { ...(await postprocessTexts({ ...job, ...more })), out: job.out };
};

test('what stays is told by its positions, in runs; nothing is written where nothing changed', async () => {
  const records = ['a', 'a', 'b', 'c', 'b', 'd'].map((said, i) => written(String(i), said));
  const { out, ...result } = await done(records, [operator('dedupe', { within: 'set' })]);
  expect(result).toEqual({
    read: 6,
    kept: 4,
    edited: 0,
    removed: [{ operator: 'dedupe', records: 2, copies: 0, reasons: {} }],
    runs: [[0, 1], [2, 2], [5, 1]], // prettier-ignore
  });
  expect(existsSync(join(out, RECORDS_FILE))).toBe(false);
});

test('stop: blocks and answers end where a writer’s would; a record stays what it was', async () => {
  const ids = tokenizer.encode('abcdef');
  const real = { kind: 'real' as const, source: 's' };
  const block = text('block', [...ids.slice(0, 3), END, ...ids.slice(3)], { origin: real });
  const prompt = tokenizer.encode('say');
  const answer = text('answer', [...prompt, ...ids, END], { text: 'abcdef', prompt: { tokens: prompt.length, text: 'say' }, origin: real }); // prettier-ignore
  const result = await done([block, answer], [operator('stop', { minTokens: 1, maxTokens: 4 })]);
  expect(result).toMatchObject({ read: 2, kept: 2, edited: 2 });
  expect(await readAllRecords(result.out)).toEqual([
    { ...block, tokens: [...ids.slice(0, 3), END], text: tokenizer.decode([...ids.slice(0, 3), END]) },
    { ...answer, tokens: [...prompt, ...ids.slice(0, 4)], text: tokenizer.decode(ids.slice(0, 4)) },
  ]);
  expect(await done([block, answer], [operator('stop', { minTokens: 4, maxTokens: 7 })])).toMatchObject({ kept: 2, edited: 0 });
});

test('an operator sees what the one before it left, and each is charged with what it removed itself', async () => {
  const records = ['one\nrest', 'one\nother', '\nnothing', 'two'].map((said, i) => written(String(i), said));
  const result = await done(records, [operator('cut', { at: '\n' }), operator('dedupe', { within: 'set' })]);
  expect(result).toMatchObject({
    read: 4,
    kept: 2,
    edited: 1,
    removed: [
      { operator: 'cut', records: 1 },
      { operator: 'dedupe', records: 1 },
    ],
  });
  // both are written, as they are now; who wrote them stays
  expect(await readAllRecords(result.out)).toEqual([
    { ...records[0], text: 'one', tokens: tokenizer.encode('one') },
    { ...records[3] },
  ]);
});

test('a part of which a model could learn nothing is removed', async () => {
  // of `a` one token would stay
  const result = await done([written('0', 'a\nb'), written('1', 'ab\nb')], [operator('cut', { at: '\n' })]);
  expect(result).toMatchObject({ kept: 1, edited: 1, removed: [{ operator: 'cut', records: 1 }] });
});

test("what a text continues: a template's prompt as text, or the record that it names", async () => {
  const copied = operator('drop-copied', { minCharacters: 20 });
  const said = 'the same words again';
  const ids = tokenizer.encode(said);
  const row = written('row', said, undefined, {
    tokens: [0, ...ids, ...ids, END],
    prompt: { tokens: ids.length + 1, text: said },
  });
  const others = [written('b', said, 'p/1'), written('c', said, 'p/0'), written('d', said)];
  const prompts = await setOf([written('p/0', 'quite something else'), written('p/1', said)]);
  const { runs } = await done([row, ...others], [copied], { prompts });
  // the row and what follows p/1 say what stands before them
  expect(runs).toEqual([[2, 2]]);
});

test("tables are of the set's rows", async () => {
  const table = folder();
  const records = [written('0', 'ab'), written('1', 'cd'), written('2', 'ef')];
  const columns = { nll_sum: Float64Array.of(1, 9, 2), token_count: Int32Array.of(1, 1, 1) };
  await writeTable(table, { records: records.map(({ id }) => id), columns });
  const settings = { observation: 'likelihood', column: 'nll_sum', under: 'first', max: 5 };
  const { runs } = await done(records, [operator('threshold', settings)], { tables: { 'likelihood/first': table } });
  expect(runs).toEqual([[0, 1], [2, 1]]); // prettier-ignore
});

test('what stays several times is named as often, before and behind other operators; lots are of their place in the list', async () => {
  const records = ['a', 'b', 'c', 'd\nd'].map((said, i) => written(String(i), said));
  const table = folder();
  await writeTable(table, { records: records.map(({ id }) => id), columns: { nll_sum: Float64Array.of(1, 0, 1, 0.5) } });
  const tables = { 'likelihood/first': table };
  const again = operator('resample', { observation: 'likelihood', column: 'nll_sum', under: 'first', power: 1, size: 1, maxRepeats: 2 }); // prettier-ignore
  const result = await done(records, [again], { tables });
  expect(result).toMatchObject({ kept: 4, runs: [[1, 1], [1, 1], [3, 1], [3, 1]], removed: [{ records: 2, copies: 2 }] }); // prettier-ignore
  const { out, ...cut } = await done(records, [again, operator('cut', { at: '\n' }), operator('dedupe', { within: 'set' })], {
    tables,
  });
  expect(cut).toMatchObject({ kept: 1, edited: 0, removed: [{ records: 2, copies: 2 }, { records: 2 }, { records: 1 }] });
  expect([existsSync(join(out, RECORDS_FILE)), cut.runs]).toEqual([false, [[1, 1]]]);
});

test('the candidates of a prompt, or of a place where nothing is continued, belong together', async () => {
  const records = ['g1/m/c0/000000', 'g1/m/c1/000000', 'g1/m/c0/000001', 'g1/m/c1/000001'].map((id, i) =>
    written(id, 'x'.repeat(i + 1)),
  );
  const longest = { observation: 'text', column: 'characters', under: 'first', beta: 1, pick: 'best' };
  const { runs } = await done(records, [operator('curate', longest)]);
  expect(runs).toEqual([[1, 1], [3, 1]]); // prettier-ignore
});

test('an edited text has other ids and their text, behind the same prompt; one that came out as it was is as it was', async () => {
  const ids = tokenizer.encode('ask');
  const row = written('0', 'yes', 'p/0', { tokens: [...ids, ...tokenizer.encode('yes'), END], prompt: { tokens: ids.length, text: 'ask' } }); // prettier-ignore
  const records = [row, written('1', 'no')];
  const table = folder();
  const edited = [[...tokenizer.encode('yea'), END], tokenizer.encode('no')].map((one) => JSON.stringify(one));
  await writeTable(table, { records: records.map(({ id }) => id), columns: {}, texts: { edited } });
  const { out, ...result } = await done(records, [operator('edit', { above: 0.9, under: 'first' })], {
    tables: { 'edits/first': table },
  });
  expect(result).toMatchObject({ kept: 2, edited: 1, removed: [{ operator: 'edit', records: 0, copies: 0 }] });
  expect(await readAllRecords(out)).toEqual([
    { ...row, text: 'yea', tokens: [...ids, ...tokenizer.encode('yea'), END] },
    records[1],
  ]);
});
