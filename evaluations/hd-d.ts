/** HD-D: how many different words a small sample of the text would have. */
import { z } from 'zod';
import { countsOf } from './token-ids.js';
import { WORD_LIMIT, wordMetric } from './word-sample.js';

/** Σ over words of the chance that a sample without replacement has it, / `size`. Undefined of fewer words than that. */
export function hypergeometricDiversity(counts: ArrayLike<number>, size: number): number | undefined {
  let words = 0;
  for (let i = 0; i < counts.length; i++) words += counts[i];
  if (words < size) return undefined;
  /** by frequency, of which there are few: a word of that frequency is in no sample */
  const missing = new Map<number, number>();
  const missed = (count: number): number => {
    let chance = missing.get(count);
    if (chance === undefined) {
      chance = 1;
      for (let k = 0; k < size && chance > 0; k++) chance *= Math.max(0, words - count - k) / (words - k);
      missing.set(count, chance);
    }
    return chance;
  };
  let sum = 0;
  for (let i = 0; i < counts.length; i++) sum += 1 - missed(counts[i]);
  return sum / size;
}

/**
 * Expected type-token ratio of `sample` words drawn without replacement from the words of all texts, in (0, 1]: depends little on how much was
 * written. n: words. None of fewer than `sample` words. Source: McCarthy and Jarvis, "MTLD, vocd-D, and HD-D" (2010); lexical-diversity 0.1.1.
 */
export const hdD = wordMetric({
  name: 'hd-d',
  variant: 'hypergeometric',
  version: 1,
  summary: 'HD-D: expected type-token ratio of `sample` of the words, drawn without replacement; 0 to 1, higher is more diverse.',
  higherIsBetter: true,
  settings: WORD_LIMIT.extend({ sample: z.int().min(1).max(1000).default(42).describe('Words of a sample.') }),
  values({ texts, types, words }, row, { sample }) {
    const value = hypergeometricDiversity(countsOf({ texts, types }), Number(sample));
    return value === undefined ? [] : [row(value, words.length)];
  },
});
