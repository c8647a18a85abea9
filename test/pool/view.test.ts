import { describe, expect, test } from '@jest/globals';
import type { DataRecord } from '../../pool/records.js';
import { blocksOf, plainText, rowsOf } from '../../pool/view.js';

// the writer: letters by their code points, 1 and 2 special; the reader: pairs of letters, 0 before every line, 9 the end
const writer = { decode: (ids: readonly number[]) => String.fromCodePoint(...ids), specials: new Set([1, 2]) };
const ids = (text: string): number[] => [...text].map((c) => (c === '|' ? 2 : c.codePointAt(0)!));
const reader = {
  encode: (text: string) => (text.match(/[^]{1,2}/gu) ?? []).map((pair) => [...pair].reduce((sum, c) => sum * 1000 + c.codePointAt(0)!, 0)), // prettier-ignore
  decode: (tokens: readonly number[]) => tokens.map((id) => (id === 0 || id === 9 ? '' : id < 1000 ? String.fromCodePoint(id) : String.fromCodePoint(Math.floor(id / 1000), id % 1000))).join(''), // prettier-ignore
  eosId: 0,
  specials: ['</s>'],
};
const record = (i: number, text: string): DataRecord => ({
  id: `g3/opt/${String(i).padStart(6, '0')}`,
  tokens: ids(text),
  text,
  origin: { kind: 'generated', member: 'opt', generation: 3, model: 'sha256:m', prompt: `train/${i}` },
});

async function all(records: AsyncIterable<DataRecord>): Promise<DataRecord[]> {
  const found: DataRecord[] = [];
  for await (const one of records) found.push(one);
  return found;
}

describe('the plain text of what was written', () => {
  test.each([
    ['end of a line\n|next\n|and its beginn', 'end of a line\nnext\nand its beginn\n'],
    ['|first\n', 'first\n'],
    ['a\n||b\n', 'a\n\nb\n'],
    ['cut off|by a new line\n|', 'cut off\nby a new line\n'],
    ['|', ''],
    ['\uFFFDhalf a letter\n|é\uFFFD', 'half a letter\né\n'],
  ])('%j', (tokens, text) => {
    expect(plainText(ids(tokens), writer)).toBe(text);
  });
});

describe('a view', () => {
  test('packs what several records say into the reader’s blocks, each with its writer and the records it is of', async () => {
    const records = [record(0, 'abc\n|de'), record(2, 'f\n|ghij\n'), record(3, 'klmn\n|')];
    const blocks = await all(blocksOf(records, writer, reader, 4));
    // 0 ab c↵ | 0 de ↵ | 0 f↵ | 0 gh ij ↵ | 0 kl mn ↵
    expect(blocks.map(({ text }) => text)).toEqual(['abc\n', 'de\nf\n', 'ghij\n', 'klmn\n']);
    expect(blocks.map(({ id }) => id)).toEqual([0, 1, 2, 3].map((i) => `g3/opt/read/00000${i}`));
    expect(blocks.map(({ origin }) => origin)).toEqual(
      [
        ['g3/opt/000000', 'g3/opt/000000'],
        ['g3/opt/000000', 'g3/opt/000002'],
        ['g3/opt/000002', 'g3/opt/000002'],
        ['g3/opt/000003', 'g3/opt/000003'],
      ].map((of) => ({ kind: 'generated', member: 'opt', generation: 3, model: 'sha256:m', records: of })),
    );
  });

  test('keeps prompts and answers apart, a row each; what is too long is left out', async () => {
    const answered: DataRecord = { ...record(5, '1Q:A'), text: 'A', prompt: { tokens: 3, text: 'Q:' } };
    const long: DataRecord = { ...record(6, '1Q:AAAAAAAAAAAA'), text: 'AAAAAAAAAAAA', prompt: { tokens: 3, text: 'Q:' } };
    const rows = await all(rowsOf([{ ...answered, tokens: [1, ...ids('Q:A')] }, long], writer, { ...reader, prefix: [7], endTokens: [9] }, 5)); // prettier-ignore
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ id: 'g3/opt/000005', text: 'A', origin: answered.origin, prompt: { tokens: 2 } });
    expect(rows[0].tokens).toEqual([7, ...reader.encode('Q:'), ...reader.encode('A'), 9]);
  });
});
