/** Against the tokens of NLTK, sacrebleu, rouge-score and Python itself. */
import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { porterStem } from '../../evaluations/porter.js';
import * as tokenizers from '../../evaluations/tokenizers.js';
import type { Tokenizer } from '../../evaluations/tokenizers.js';
import { golden, goldenTexts } from './reference.js';

const BY_NAME: Record<string, Tokenizer> = {
  split: tokenizers.split,
  'lower-split': tokenizers.lowerSplit,
  stein: tokenizers.stein,
  guo: tokenizers.guo,
  'word-regex': tokenizers.wordRegex,
  'wordpunct-re': tokenizers.wordpunct,
  '13a': tokenizers.mteval13a,
  rouge: tokenizers.rouge,
  'rouge-stem': tokenizers.rougeStem,
};

const reference = golden<{
  edge: Record<string, Record<string, string[]>>;
  all: Record<string, Record<string, [number, string]>>;
  porter: { stems: Record<string, string> };
}>('tokenizers');
const texts = new Map(goldenTexts().map(({ id, text }) => [id, text]));

test.each(Object.entries(BY_NAME))('%s', (name, tokenize) => {
  for (const [id, tokens] of Object.entries(reference.edge)) expect([id, tokenize(texts.get(id)!)]).toEqual([id, tokens[name]]);
  for (const [id, expected] of Object.entries(reference.all)) {
    const tokens = tokenize(texts.get(id)!);
    const digest = createHash('sha256').update(tokens.join('\n'), 'utf8').digest('hex');
    expect([id, tokens.length, digest]).toEqual([id, ...expected[name]]);
  }
  expect(Object.keys(reference.all).length).toBeGreaterThan(300);
});

test("Porter's stems", () => {
  const stems = Object.entries(reference.porter.stems);
  expect(stems.length).toBeGreaterThan(1000);
  expect(stems.map(([word]) => [word, porterStem(word)])).toEqual(stems);
});

test.each(Object.entries(BY_NAME))('%s takes hostile text in linear time', (_name, tokenize) => {
  const long = 2_000_000;
  const began = performance.now();
  expect(tokenize('\ud83d \udc00 a\ud83d').length).toBeLessThan(6);
  for (const text of ['y'.repeat(long), ' '.repeat(long), '.'.repeat(long), `${' '.repeat(long)}x`, '<newline'.repeat(long / 8)])
    expect(tokenize(text).length).toBeLessThanOrEqual(long);
  expect(tokenize('ab '.repeat(long / 3)).length).toBe(Math.floor(long / 3));
  expect(performance.now() - began).toBeLessThan(20_000);
});

test('a run of any length is one word, and one of another kind beside it another', () => {
  for (const n of [4095, 4096, 4097, 8192, 3_000_000]) {
    const [word, marks] = ['x'.repeat(n), '!'.repeat(n)];
    expect(tokenizers.split(` ${word} ${word}\n`).map(({ length }) => length)).toEqual([n, n]);
    expect(tokenizers.wordpunct(`${word}${marks}${word}`).map(({ length }) => length)).toEqual([n, n, n]);
    expect(tokenizers.wordpunct(`${word}${marks}`).join('')).toBe(word + marks);
    expect(tokenizers.stein('😀'.repeat(n)).map(({ length }) => length)).toEqual([2 * n]);
  }
});
