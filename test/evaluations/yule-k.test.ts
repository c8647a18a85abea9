/** Against the lexicalrichness library's values of the same words. */
import { expect, test } from '@jest/globals';
import { yuleK } from '../../evaluations/yule-k.js';
import { textsFrom } from './support.js';

const of = (tokens: number[][], settings = {}) =>
  yuleK.compute({ records: { generated: textsFrom(tokens) }, tables: {} }, { tokens: 0, ...settings });

/** each word a token id */
function ids(text: string): number[] {
  const seen = new Map<string, number>();
  const words = text.toLowerCase().split(/\s+/u).filter((word) => word !== ''); // prettier-ignore
  return words.map((word) => seen.get(word) ?? (seen.set(word, seen.size), seen.get(word)!));
}

test.each<[string, number]>([
  ['the the the the', 7500.0],
  ['First line here.\r\nSecond line here.\r\n\r\nThird line here.\r', 1481.4814814814815],
  ['I ❤️ 🤖🤖 and 👨‍👩‍👧‍👦 👍🏽! I ❤️ it', 493.82716049382714],
  [
    "AADT ) , which is a calculation of the traffic along a segment of road for any average day of the year . In 2009 , the department 's measurements indicated that a segment of M @-@ 82 west of <unk> had the peak volume for the highway at 16 @,@ <unk> vehicles daily . The traffic nadir was 4 @,@ <unk>",
    192.50780437044745,
  ],
])('%j', (text, expected) => {
  const tokens = ids(text);
  const [row] = of([tokens.slice(0, 2), tokens.slice(2)]);
  expect(Math.abs(row.value - expected)).toBeLessThanOrEqual(1e-9 * expected);
  expect([row.n, row.metric, row.variant]).toEqual([tokens.length, 'yule-k', 'tokens']);
});

test('of the first tokens alone; one token never comes again; nothing written, no value', () => {
  expect(
    of(
      [
        [1, 1, 1],
        [1, 2, 3],
      ],
      { tokens: 4 },
    )[0],
  ).toMatchObject({ value: 7500, n: 4 });
  expect(of([[7]])[0].value).toBe(0);
  expect(of([[], []])).toEqual([]);
});
