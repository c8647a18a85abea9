/** `--tokens`: what rows of token ids may say, and that nothing given is ignored. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { readLabelledTokens, readTokens } from '../../cli/commands/lm/token-rows.js';
import { tokenIds } from '../../common/token-ids.js';

const root = mkdtempSync(join(tmpdir(), 'habsburg-rows-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const file = join(root, 'rows.json');
const read = (rows: unknown): ReturnType<typeof readLabelledTokens> => {
  writeFileSync(file, JSON.stringify(rows));
  return readLabelledTokens(file);
};
const refused = (rows: unknown): Promise<string> =>
  read(rows).then(
    () => 'was read',
    (error: { kind: string; message: string }) => `${error.kind}: ${error.message.replace(`${file}: `, '')}`,
  );

test('padding is left out, wherever it is', async () => {
  expect(await read([{ input_ids: [5, 6, 7, 1, 1], attention_mask: [1, 1, 1, 0, 0] }])).toEqual({
    rows: [Int32Array.of(5, 6, 7)],
  });
  expect(
    await read([
      { input_ids: [1, 1, 5, 6], attention_mask: [0, 0, 1, 1], labels: [-100, -100, -100, 6] },
      [7, 8],
      { input_ids: [9, 1], attention_mask: [true, false] },
      { input_ids: [1], attention_mask: [0] },
    ]),
  ).toEqual({
    rows: [Int32Array.of(5, 6), Int32Array.of(7, 8), Int32Array.of(9), Int32Array.of()],
    labels: [Int32Array.of(-100, 6), Int32Array.of(7, 8), Int32Array.of(9), Int32Array.of()],
  });
});

test.each([
  [{ input_ids: [1, 2], label: [1, 2] }, 'entry 0 has the field "label", which would be ignored; did you mean "labels"?'],
  [{ input_ids: [1], position_ids: [0] }, 'entry 0 has the field "position_ids", which would be ignored; known are input_ids, labels, attention_mask; leave it out'], // prettier-ignore
  [{ input_ids: [1, 2, 3], attention_mask: [1, 0, 1] }, 'entry 0.attention_mask has a 0 between ones; padding is before or behind a row\'s tokens'], // prettier-ignore
  [{ input_ids: [1, 2], attention_mask: [1] }, 'entry 0.attention_mask has 1 numbers, the row has 2 tokens'],
  [{ input_ids: [1], attention_mask: [0.5] }, 'entry 0.attention_mask holds 0.5 at position 0; it is 0 or 1'],
  [{ input_ids: [1, 2], labels: [1] }, 'entry 0.labels has 1 numbers, the row has 2 tokens'],
  [{ input_ids: [1, -100] }, 'entry 0.input_ids holds -100 at position 1, which is not a token id'],
  [{ input_ids: [1], labels: [-1] }, 'entry 0.labels holds -1 at position 0, which is not a token id or -100'],
  [[1, null], 'entry 0 holds null at position 1, which is not a token id'],
  [[1.5], 'entry 0 holds 1.5 at position 0, which is not a token id'],
  [['1'], 'entry 0 holds "1" at position 0, which is not a token id'],
  [3, 'entry 0 is not an array of token ids, or an object with input_ids'],
  [{ labels: [1] }, 'entry 0.input_ids is not an array of numbers'],
])('%j', async (row, sentence) => {
  expect(await refused([row])).toBe(`invalid: ${sentence}`);
});

test('prompts have no labels; what is undefined is no token 0', async () => {
  await read([{ input_ids: [1], labels: [1] }]);
  await expect(readTokens(file)).rejects.toThrow('labels say what is predicted');
  expect(() => tokenIds([1, undefined], 'a text')).toThrow('a text holds undefined at position 1, which is not a token id');
});
