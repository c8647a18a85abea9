/** Counting words: what a Map of strings would hold, in its order. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { splitWords } from '../../../engine/tokenizer/byte-level.js';
import { countWords, type WordCounts } from '../../../engine/tokenizer/word-counts.js';

function inMap(texts: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const word of texts.flatMap(splitWords)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts];
}
const held = (counts: WordCounts): [string, number][] =>
  Array.from({ length: counts.size }, (_, word) => [counts.spelling(word), counts.count(word)]);

test('any texts', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'é', '字', '😀', ' ', '\n', "'s", '1', '.') })), (texts) => {
      expect(held(countWords(texts))).toEqual(inMap(texts));
    }),
    { numRuns: 300 },
  );
});

test('a hundred thousand words, in parts, with one that is longer than all others together', () => {
  const texts = Array.from({ length: 300 }, (_, i) =>
    Array.from({ length: 500 }, (_, j) => `w${((i * 500 + j) * 7919) % 100_003} 字${j % 7}`).join(' '),
  );
  texts.push('x'.repeat(3e6));
  const counts = countWords([]);
  for (const text of texts) countWords([text], counts);
  expect(held(counts)).toEqual(inMap(texts));
  expect(counts.size).toBeGreaterThan(90_000);
});
