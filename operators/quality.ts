/** A text that does not look like prose goes, by published rules of thumb. */
import { z } from 'zod';
import { hasLimits, LIMITS } from './settings.js';
import { bareWord, piecesOf, withoutSpecials } from './words.js';
import type { Operator, Verdict } from './types.js';

const share = z.number().min(0).max(1);
const count = z.int().min(0).max(1e9);

const settings = z
  .strictObject({
    minWords: count.default(50).describe('Words: what white space parts, with a letter or a digit.'),
    maxWords: count.default(100_000),
    minMeanLength: z.number().min(0).default(3).describe('Characters of a word, on average, without the punctuation around it.'),
    maxMeanLength: z.number().min(0).default(10),
    maxSymbols: z.number().min(0).default(0.1).describe('Hash signs a word, and ellipses a word: neither may be more.'),
    maxBullets: share.default(0.9).describe('Share of lines that begin with a bullet (•, -, *).'),
    maxEllipses: share.default(0.3).describe('Share of lines that end with an ellipsis.'),
    minLetters: share.default(0.8).describe('Share of words, symbols that stand alone among them, that have a letter.'),
    minStopWords: count.default(2).describe('Different ones of `stopWords`; 0 for texts that are not English.'),
    stopWords: z.array(z.string().min(1).max(100)).max(1000).default(['the', 'be', 'to', 'of', 'and', 'that', 'have', 'with']),
    minSentences: count.default(0).describe('Ends of sentences; C4: 5.'),
    without: z
      .array(z.string().min(1).max(1000))
      .max(1000)
      .default([])
      .describe('Strings that no text may have, in upper or lower case; C4: lorem ipsum and {.'),
  })
  .refine(
    ({ minWords, maxWords, minMeanLength, maxMeanLength }) => hasLimits([minWords, maxWords], [minMeanLength, maxMeanLength]),
    LIMITS,
  ) // prettier-ignore
  .refine(({ minStopWords, stopWords }) => minStopWords <= new Set(stopWords.map(bareWord)).size, {
    error: 'asks for more words than stopWords has',
    path: ['minStopWords'],
    when: ({ issues }) => issues.length === 0,
  });

type Settings = z.output<typeof settings>;

const ELLIPSIS = /\.\.\.|…/g;
const SENTENCE_END = /[.!?…]+["'”’»)\]]*(?=\s|$)|[。！？]/gu;

/**
 * The rules in their order, each under the setting that draws its line: whether a text keeps it.
 * Rae et al., "Scaling language models: methods, analysis & insights from training Gopher" (arXiv:2112.11446), A1.1 "Quality filtering";
 * the last two are of C4 (Raffel et al., arXiv:1910.10683), whose rules for single lines are not here.
 */
const RULES: readonly (readonly [keyof Settings, (text: Looked, settings: Settings) => boolean])[] = [
  ['minWords', ({ words }, { minWords }) => words.length >= minWords],
  ['maxWords', ({ words }, { maxWords }) => words.length <= maxWords],
  ['minMeanLength', ({ meanLength }, { minMeanLength }) => meanLength >= minMeanLength],
  ['maxMeanLength', ({ meanLength }, { maxMeanLength }) => meanLength <= maxMeanLength],
  [
    'maxSymbols',
    ({ text, pieces }, { maxSymbols }) =>
      [/#/g, ELLIPSIS].every((symbol) => (text.match(symbol)?.length ?? 0) <= maxSymbols * pieces.length),
  ],
  ['maxBullets', ({ lines }, { maxBullets }) => shareOf(lines, /^\s*[•*-]/) <= maxBullets],
  ['maxEllipses', ({ lines }, { maxEllipses }) => shareOf(lines, /(\.\.\.|…)\s*$/) <= maxEllipses],
  ['minLetters', ({ pieces }, { minLetters }) => pieces.length === 0 || shareOf(pieces, /\p{L}/u) >= minLetters],
  [
    'minStopWords',
    ({ words }, { minStopWords, stopWords }) => {
      const said = new Set(words);
      return [...new Set(stopWords.map(bareWord))].filter((word) => said.has(word)).length >= minStopWords;
    },
  ],
  ['minSentences', ({ text }, { minSentences }) => (text.match(SENTENCE_END)?.length ?? 0) >= minSentences],
  ['without', ({ text }, { without }) => without.every((string) => !text.toLowerCase().includes(string.toLowerCase()))],
];

interface Looked {
  readonly text: string;
  readonly lines: readonly string[];
  /** what white space parts */
  readonly pieces: readonly string[];
  /** those with a letter or a digit, without what is around it, in lower case */
  readonly words: readonly string[];
  /** in characters; 0 where there are no words */
  readonly meanLength: number;
}

function look(whole: string): Looked {
  const text = withoutSpecials(whole);
  const pieces = piecesOf(text);
  const words = pieces.map(bareWord).filter((word) => word !== '');
  const characters = words.reduce((sum, word) => sum + [...word].length, 0);
  const lines = text.split(/\r\n|\r|\n/).filter((line) => line.trim() !== '');
  return { text, lines, pieces, words, meanLength: words.length === 0 ? 0 : characters / words.length };
}

/** 0 where there are none. */
function shareOf(all: readonly string[], what: RegExp): number {
  return all.length === 0 ? 0 : all.filter((one) => what.test(one)).length / all.length;
}

export const quality: Operator<typeof settings> = {
  name: 'quality',
  version: 1,
  summary:
    'A text that breaks one of Gopher\'s rules for prose is removed: words, their length, symbols, bullets, ellipses, letters, stop words; each is counted by the first rule that it breaks.', // prettier-ignore
  settings,
  apply(texts, settings) {
    return texts.map(({ text }): Verdict => {
      const looked = look(text);
      const broken = RULES.find(([, keeps]) => !keeps(looked, settings));
      return broken === undefined ? 'keep' : { remove: broken[0] };
    });
  },
};
