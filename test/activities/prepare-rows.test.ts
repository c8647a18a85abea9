/** Real texts as rows: lines in blocks, or records through a template. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { recordTexts, rowsIn, writeTexts, type RowShape } from '../../activities/prepare-rows.js';
import type { TextDataPlan } from '../../kinds/text/plan.js';
import { readAllRecords } from '../../pool/records.js';
import { END, tokenizerIn } from '../support/tokenizer.js';

const root = mkdtempSync(join(tmpdir(), 'habsburg-rows-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const tokenizer = await tokenizerIn(root);
const facts = { begins: END, prefix: [0], endTokens: [END] };
const encode = (text: string) => tokenizer.encode(text);

/** what was read last */
let read: string[];
async function* batches(...lines: string[]) {
  read = [];
  for (const line of lines) {
    read.push(line);
    yield await Promise.resolve([line]);
  }
}
const write = async (shape: RowShape, lines: readonly string[], limit?: number) => {
  const folder = mkdtempSync(join(root, 'out-'));
  const from = {
    setting: 'data.train',
    source: 'file:/here/a.jsonl',
    lines: batches(...lines),
    ...(limit !== undefined && { limit }),
  };
  const counts = await writeTexts(folder, rowsIn(shape, tokenizer, facts), from, { name: 'train', source: 'sha256:a' });
  return { ...counts, found: await readAllRecords(folder) };
};

describe('lines', () => {
  test('become blocks of exactly so many tokens, each line behind the token that begins one', async () => {
    const { records, leftOut, found } = await write({ block: 4 }, ['abc', 'de', '', 'f']);
    const all = [[END, ...encode('abc\n')], [END, ...encode('de\n')], [END], [END, ...encode('f\n')]].flat();
    expect(found.map(({ tokens }) => tokens)).toEqual([all.slice(0, 4), all.slice(4, 8), all.slice(8, 12)]);
    expect({ records, leftOut }).toEqual({ records: 3, leftOut: 0 });
    expect(found.map(({ id, origin }) => [id, origin])).toEqual(
      [0, 1, 2].map((i) => [`train/00000${i}`, { kind: 'real', source: 'sha256:a' }]),
    );
    expect(found[0].text).toBe(tokenizer.decode(found[0].tokens));
  });

  test('are read no further than so many blocks', async () => {
    expect(await write({ block: 4 }, ['abc', 'de', 'fghi', 'behind it'], 2)).toMatchObject({ records: 2 });
    expect(read).toEqual(['abc', 'de']);
  });

  test('of which there are not enough for one are refused with their number', async () => {
    await expect(write({ block: 9 }, ['abc', 'd'])).rejects.toThrow(
      'data.train: file:/here/a.jsonl has 8 tokens, not one block of 9; give more text or smaller blocks',
    );
  });
});

describe('records', () => {
  const template = { format: 'Q {instruction}:{output}' };
  const record = (instruction: string, output: string) => JSON.stringify({ instruction, output });

  test('become a row each: prefix, prompt, answer, end', async () => {
    const { found } = await write({ block: 20, template }, [record('a', 'bc')]);
    const before = [0, ...encode('Q a:')];
    expect(found).toEqual([
      {
        id: 'train/000000',
        origin: { kind: 'real', source: 'sha256:a' },
        tokens: [...before, ...encode('bc'), END],
        text: 'bc',
        prompt: { tokens: before.length, text: tokenizer.decode(before) },
      },
    ]);
  });

  test('that are too long are left out and counted, behind the limit too', async () => {
    const long = record('a', 'x'.repeat(20));
    const result = await write({ block: 12, template }, [long, record('a', 'b'), record('c', 'd'), long], 1);
    expect(result).toMatchObject({ records: 1, leftOut: 2, found: [{ text: 'b' }] });
  });

  test('none of which is there, or fits, are refused', async () => {
    await expect(write({ block: 12, template }, [])).rejects.toThrow('data.train: file:/here/a.jsonl has no records');
    await expect(write({ block: 3, template }, [record('a', 'b'), record('c', 'd')])).rejects.toThrow(
      'all 2 records of file:/here/a.jsonl have more than 3 tokens; give a larger data.block',
    );
  });

  test('that do not fit the template are named by file and line', async () => {
    await expect(write({ block: 12, template }, [record('a', 'b'), '{"instruction":"a"}'])).rejects.toThrow(
      '/here/a.jsonl:2: the template needs a text as field "output"',
    );
  });

  test('train a tokenizer with what they say, line by line', async () => {
    const lines: string[][] = [];
    const data = { train: 'file:/here/a.jsonl', template: { format: 'Q {instruction}\n{output}' } } as TextDataPlan;
    for await (const some of recordTexts(batches(record('a', 'b\nc'), record('d', 'e')), data)) lines.push(some);
    expect(lines).toEqual([['Q a', 'b', 'c'], ['Q d', 'e']]); // prettier-ignore
  });
});
