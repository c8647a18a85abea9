/** Around the reference's rep-n of the same words: just above the limit a text goes, at it and below it stays. */
import { expect, test } from '@jest/globals';
import { noDraw } from '../support/draws.js';
import { dropRepetitive } from '../../operators/drop-repetitive.js';

const verdict = (words: string, settings: object) => {
  const known = [...new Set(words.split(' '))];
  const tokens = words.split(' ').map((word) => known.indexOf(word));
  return dropRepetitive.apply([{ text: words, tokens }], dropRepetitive.settings.parse(settings), {}, noDraw)[0];
};

// rep-2, -3 and -4 by a plain implementation in Python
test.each<[string, number[]]>([
  ['the the the the', [0.6666666666666667, 0.5, 0]],
  ['the the the the the', [0.75, 0.6666666666666667, 0.5]],
  ['first line here. second line here. third line here.', [0.25, 0, 0]],
  ['no word twice', [0, 0, 0]],
])('%j', (words, reps) => {
  reps.forEach((rep, i) => {
    const order = i + 2;
    expect(verdict(words, { order, max: rep + 1e-9 })).toBe('keep');
    if (rep > 0) expect(verdict(words, { order, max: rep - 1e-9 })).toBe('remove');
  });
});

test('4-grams and a half unless it says otherwise; a text without an n-gram stays', () => {
  expect(verdict('a b a b a b a b a b', {})).toBe('remove');
  expect(verdict('a b c', { max: 0 })).toBe('keep');
  expect(verdict('a b c d', { max: 0 })).toBe('keep');
});
