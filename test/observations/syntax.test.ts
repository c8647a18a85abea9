/** A row a record: its parse as CoNLL-U. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { readTable, writeTable } from '../../data/table.js';
import encoderSyntax from '../../observations/encoder-syntax.js';
import { observe } from '../../observations/observe.js';
import syntax from '../../observations/syntax.js';
import { RECORDS_FILE, writeRecords } from '../../pool/records.js';
import { parseConllu } from '../../syntax/conllu.js';
import { encodedModelFile } from '../../syntax/encoded/parser.js';
import { englishParser, modelFile } from '../../syntax/english.js';
import { parseTexts } from '../../syntax/table.js';
import { temporaryFolder } from '../support/servers.js';

test('parses of what was written, by record, through a table and back', async () => {
  const folder = temporaryFolder();
  const texts = ['The cat sat. The dog ran.', '', 'Yes'];
  await writeRecords(
    `${folder.path}/${RECORDS_FILE}`,
    texts.map((text, i) => ({ id: `g/${i}`, tokens: [], text, origin: { kind: 'real' as const, source: 's' } })),
  );
  const table = await syntax.run({ data: folder.path, model: '', settings: {} }, { threads: 1 });
  expect([...table.columns.sentence_count]).toEqual([2, 0, 1]);
  expect([...table.columns.word_count]).toEqual([8, 0, 1]);
  await writeTable(folder.path, { records: ['0', '1', '2'], ...table });
  const { texts: back } = await readTable(folder.path);
  // as an engine leaves it
  await observe({ data: folder.path, model: '', observation: 'syntax', settings: {}, out: folder.path }, { threads: 1 });
  const left = await readTable(folder.path);
  folder.remove();
  expect(back).toEqual(table.texts);
  expect([left.records, left.texts]).toEqual([['g/0', 'g/1', 'g/2'], table.texts]);
  back!.conllu.forEach((conllu, i) =>
    expect([...parseConllu(conllu, 'x')].map(({ forms, heads }) => [forms, [...(heads as number[])]])).toEqual(
      englishParser()
        .parse(texts[i])
        .map(({ forms, heads }) => [forms, [...(heads as Int32Array)]]),
    ),
  );
});

test('texts behind as many sentences as are asked for are left without a parse', () => {
  const texts = ['The cat sat.', 'It slept. It woke.', 'The dog ran.'];
  const [all, some] = [parseTexts(texts), parseTexts(texts, 2)];
  expect([...all.columns.sentence_count]).toEqual([1, 2, 1]);
  expect([...some.columns.sentence_count]).toEqual([1, 2, 0]);
  expect(some.texts.conllu).toEqual([...all.texts.conllu.slice(0, 2), '']);
});

test('another model is another version of the observation: raise it where this digest changes', () => {
  const digest = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex').slice(0, 16);
  expect([syntax.version, digest(modelFile())]).toEqual([3, '5c601c7b0a96c849']);
  // which reads both
  expect([encoderSyntax.version, digest(modelFile()), digest(encodedModelFile())]).toEqual([
    1,
    '5c601c7b0a96c849',
    '6ea3ecca8ae315e7',
  ]);
});
