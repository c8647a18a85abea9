/** What an instrument says stands in the table that is left: numbers and texts, by record. */
import { expect, test } from '@jest/globals';
import { readTable } from '../../data/table.js';
import { observe } from '../../observations/observe.js';
import { RECORDS_FILE, writeRecords } from '../../pool/records.js';
import { temporaryFolder } from '../support/servers.js';

test('a table of columns and texts', async () => {
  const folder = temporaryFolder();
  const said = ['The cat sat.', 'Yes'];
  await writeRecords(
    `${folder.path}/${RECORDS_FILE}`,
    said.map((text, i) => ({ id: `g/${i}`, tokens: [], text, origin: { kind: 'real' as const, source: 's' } })),
  );
  const job = { observation: 'syntax', data: folder.path, model: '', settings: {}, out: folder.path };
  expect(await observe(job, { threads: 1 })).toEqual({ records: 2 });
  const { records, columns, texts } = await readTable(folder.path);
  folder.remove();
  expect([records, [...columns.word_count]]).toEqual([['g/0', 'g/1'], [4, 1]]); // prettier-ignore
  expect(texts!.conllu.map((one) => one.includes('\tcat\t') || one.includes('\tYes\t'))).toEqual([true, true]);
});
