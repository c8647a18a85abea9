/** A text in another language than asked for goes. */
import { z } from 'zod';
import { FUNCTION_WORDS, type LanguageWords } from './function-words.js';
import { letterWords } from './words.js';
import type { Operator, Verdict } from './types.js';

const codes = Object.keys(FUNCTION_WORDS) as [keyof typeof FUNCTION_WORDS, ...(keyof typeof FUNCTION_WORDS)[]];

const settings = z.strictObject({
  keep: z
    .array(z.enum(codes))
    .min(1)
    .max(codes.length)
    .refine((list) => new Set(list).size === list.length, 'names a language twice')
    .describe('Languages that stay, by their ISO 639-1 codes.'),
  above: z
    .number()
    .min(0)
    .lt(1)
    .default(0.5)
    .describe('A text stays where the probability that it is in one of them is above this.'),
});

/** Of the different words of a text, how many are function words of its language. */
const FUNCTION_SHARE = 0.4;
/** How the r-th of a list is weighed: 1 / (r + SHIFT), flatter than words of running text, as each counts once. */
const SHIFT = 10;
/** What a given word has for a probability in a text of another language, or of none. */
const ANY_WORD = 1e-4;
/** Of the words of a language, how many have a letter that it does not have: names, loans, quotations. */
const FOREIGN_LETTER = 0.01;

interface Model {
  /** by word of the list: log of how much more probable it is in this language than in none */
  readonly gains: ReadonlyMap<string, number>;
  readonly foreign: RegExp;
}

const MODELS: readonly Model[] = codes.map((code) => {
  const { words, letters, foreignLatin }: LanguageWords = FUNCTION_WORDS[code];
  const weights = [...new Set(words)].map((word, rank) => [word, 1 / (rank + SHIFT)] as const);
  const sum = weights.reduce((all, [, weight]) => all + weight, 0);
  const gains = new Map(weights.map(([word, weight]) => [word, Math.log((FUNCTION_SHARE * weight) / sum / ANY_WORD)]));
  return { gains, foreign: new RegExp(`[^${foreignLatin ? '' : 'a-z'}${letters}]`, 'u') };
});

/**
 * By language, the probability that a text is in it; what is missing to 1 is that it is in none of them. Naive Bayes over the different
 * words of the text (each once, so that a text which repeats itself is no surer), every language and none alike before it is looked at.
 */
export function languagesOf(text: string): Readonly<Record<keyof typeof FUNCTION_WORDS, number>> {
  const words = new Set(letterWords(text));
  const logs = MODELS.map(({ gains, foreign }) => {
    let sum = 0;
    for (const word of words)
      sum += gains.get(word) ?? Math.log(1 - FUNCTION_SHARE) + (foreign.test(word) ? Math.log(FOREIGN_LETTER) : 0);
    return sum;
  });
  // 0: of no language
  const most = Math.max(0, ...logs);
  const all = logs.reduce((sum, log) => sum + Math.exp(log - most), Math.exp(-most));
  return Object.fromEntries(codes.map((code, i) => [code, Math.exp(logs[i] - most) / all])) as Record<(typeof codes)[number], number>; // prettier-ignore
}

export const language: Operator<typeof settings> = {
  name: 'language',
  version: 1,
  summary:
    'A text that is probably in none of the languages to `keep` is removed; told by function words, so it takes a sentence.',
  settings,
  apply(texts, { keep, above }) {
    return texts.map(({ text }): Verdict => {
      const found = languagesOf(text);
      if (keep.reduce((sum, code) => sum + found[code], 0) > above) return 'keep';
      const best = codes.reduce((a, b) => (found[b] > found[a] ? b : a));
      return { remove: found[best] > 0.5 && !keep.includes(best) ? best : 'unknown' };
    });
  },
};
