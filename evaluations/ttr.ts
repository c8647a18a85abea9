/** Type-token ratios of words and of n-grams, as the papers count them. */
import { z } from 'zod';
import { firstTexts } from './input.js';
import { rowsOf } from './rows.js';
import { distinctOf, encode, ngramsUpTo, type Ngrams } from './token-ids.js';
import { guo, lowerSplit, stein } from './tokenizers.js';
import type { Evaluation } from './types.js';

const TEXTS = z.strictObject({
  texts: z.int().min(0).max(1e9).default(0).describe('The first so many written texts; 0: all.'),
});

/** n-grams of each text that count for Stein */
const CAP = 200;

/** Different n-grams / all of orders 1 to 3, and all; none where texts have no word. */
function ratios(orders: readonly Ngrams[], cap?: number): { readonly value: number; readonly n: number }[] {
  return orders.flatMap((ngrams) => {
    const { unique, total } = distinctOf(ngrams, cap);
    return total === 0 ? [] : [{ value: unique / total, n: total }];
  });
}

const common = {
  version: 1,
  higherIsBetter: true,
  usual: false,
  of: 'texts',
  group: 'diversity',
  needs: { records: ['generated'] },
  settings: TEXTS,
  subject: 'generated',
} as const satisfies Partial<Evaluation>;

/**
 * Different words / words of all texts, of each text the first 200 alone, in (0, 1]; `…/distinct-2` and `…/distinct-3` the same of
 * n-grams. n: words or n-grams. Falls with their number, so compare at equal n only. Source: Stein, thesis code.
 */
const ofStein: Evaluation = {
  ...common,
  name: 'ttr',
  variant: 'stein',
  summary:
    'Type-token ratio of Stein: different words / words, of each text the first 200, in lower case without punctuation and digits; 0 to 1. Also of 2- and 3-grams.',
  compute(input, settings) {
    const texts = firstTexts(input, settings);
    const row = rowsOf(this, settings);
    return ratios(ngramsUpTo(encode(texts, stein).texts, 3), CAP).map(({ value, n }, i) =>
      row(value, n, i === 0 ? undefined : `distinct-${i + 1}`),
    );
  },
};

/**
 * Mean of the shares of different n-grams of orders 1 to 3, in (0, 1]; `…/unique-N` one of them. n: the n-grams. The paper draws 200,000
 * n-grams an order; here all count. None where some order has no n-gram. Source: Guo et al., "The curious decline of linguistic
 * diversity" (2024), public code.
 */
const ofGuo: Evaluation = {
  ...common,
  name: 'unique-n',
  variant: 'guo',
  summary: 'Unique-n of Guo: mean of the shares of different 1-, 2- and 3-grams among all, words in lower case; 0 to 1.',
  compute(input, settings) {
    const texts = firstTexts(input, settings);
    const each = ratios(ngramsUpTo(encode(texts, guo).texts, 3));
    if (each.length < 3) return [];
    const row = rowsOf(this, settings);
    const sum = (of: 'value' | 'n'): number => each.reduce((total, one) => total + one[of], 0);
    return [row(sum('value') / 3, sum('n')), ...each.map(({ value, n }, i) => row(value, n, `unique-${i + 1}`))];
  },
};

/**
 * Mean over texts of different words / words of a text, in (0, 1]; `…/distinct-2` and `…/distinct-3` the same of n-grams. What a text repeats of
 * itself, and not of others. n: texts that have such an n-gram, which alone count. Falls with the length of texts.
 */
const perText: Evaluation = {
  ...common,
  name: 'ttr',
  variant: 'per-text',
  summary:
    'Mean over texts of different words / words between white space, in lower case; 0 to 1. Also of 2- and 3-grams. Looks inside texts alone.',
  compute(input, settings) {
    const texts = firstTexts(input, settings);
    const row = rowsOf(this, settings);
    return ngramsUpTo(encode(texts, lowerSplit).texts, 3).flatMap(({ texts: rows }, i) => {
      const each = rows.filter(({ length }) => length > 0).map((ids) => new Set(ids).size / ids.length);
      const n = each.length;
      return n === 0 ? [] : [row(each.reduce((a, b) => a + b, 0) / n, n, i === 0 ? undefined : `distinct-${i + 1}`)];
    });
  },
};

export const ttrs: readonly Evaluation[] = [ofStein, perText, ofGuo];
