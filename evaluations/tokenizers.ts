/**
 * How the papers and libraries cut a text into words. All are linear in the text's length and take any string (lone surrogates too);
 * nothing is normalised, and letters are code points, not UTF-16 units.
 */
import { porterStem } from './porter.js';

/** @returns the words of a text in order; none of them empty */
export type Tokenizer = (text: string) => string[];

/** What Python's str.split() splits at: U+001C-U+001F and U+0085 too, U+FEFF not. JavaScript's \s differs. */
const SPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
/** Python's \w: letters, all numbers and the underscore, but no combining marks. */
const WORD = '\\p{L}\\p{N}_';
/** Python's string.punctuation. */
const ASCII_PUNCTUATION = '!-\\/:-@\\[-`\\{-~';

/** So many characters are matched at a time: the engine of regular expressions has a stack, which a run of millions can exhaust. */
const LONGEST = 4096;
const run = (characters: string): string => `[${characters}]{1,${LONGEST}}`;

const NOT_SPACE = new RegExp(run(`^${SPACE}`), 'g');
const WORDS = new RegExp(run(WORD), 'gu');
const WORDS_OR_PUNCTUATION = new RegExp(`(${run(WORD)})|${run(`^${WORD}${SPACE}`)}`, 'gu');
const ONE_PUNCTUATION = new RegExp(`^[${ASCII_PUNCTUATION}]$`);
const STEIN = new RegExp(run(`^${SPACE}${ASCII_PUNCTUATION}‘\\p{Nd}`), 'gu');
const ROUGE = new RegExp(run('a-z0-9'), 'g');
const TRAILING_SPACE = new RegExp(`[${SPACE}]$`);

const NEWLINE_WORD = '<newline>';

/** Runs of characters; where a pattern has two kinds of them, the first is its group. */
function all(pattern: RegExp, text: string): string[] {
  const found = text.match(pattern) ?? [];
  if (found.every(({ length }) => length < LONGEST)) return found;
  const whole: string[] = [];
  let before: { readonly end: number; readonly first: boolean } | undefined;
  for (const match of text.matchAll(pattern)) {
    const first = match[1] !== undefined;
    if (before?.end === match.index && before.first === first) whole[whole.length - 1] += match[0];
    else whole.push(match[0]);
    before = { end: match.index + match[0].length, first };
  }
  return whole;
}

/** Python's str.split(). */
export const split: Tokenizer = (text) => all(NOT_SPACE, text);

/** Python's str.lower().split(). */
export const lowerSplit: Tokenizer = (text) => split(text.toLowerCase());

/**
 * Lower case; ASCII punctuation, ‘ and Unicode's decimal digits become spaces (’ “ ” — … stay inside words); `<newline>` is deleted.
 * Source: Stein, thesis code (preprocessing of Self-BLEU, TTR and distinct-n).
 */
export const stein: Tokenizer = (text) => all(STEIN, text.replaceAll(NEWLINE_WORD, '').toLowerCase());

/** `\w+|[^\w\s]+` as Python's re reads it: NLTK's WordPunctTokenizer up to 3.9, which cuts at combining marks. */
export const wordpunct: Tokenizer = (text) => all(WORDS_OR_PUNCTUATION, text);

/**
 * wordpunct in lower case, without tokens that are exactly one ASCII punctuation character (`...` stays); `<newline>` is a line's end.
 * Source: Guo et al., "The curious decline of linguistic diversity" (2024), public code.
 */
export const guo: Tokenizer = (text) =>
  wordpunct(text.replaceAll(NEWLINE_WORD, '\n'))
    .filter((token) => !ONE_PUNCTUATION.test(token))
    .map((token) => token.toLowerCase());

/** All `\b\w+\b` of Python's re, in lower case. */
export const wordRegex: Tokenizer = (text) => all(WORDS, text.toLowerCase());

const ENTITIES: readonly (readonly [string, string])[] = [
  ['&quot;', '"'],
  ['&amp;', '&'],
  ['&lt;', '<'],
  ['&gt;', '>'],
];

/** Source: sacrebleu 2.6.0, tokenizer 13a (mteval-v13a), of the text without white space at its end. */
export const mteval13a: Tokenizer = (text) => {
  let line = trimmedEnd(text).replaceAll('<skipped>', '').replaceAll('-\n', '').replaceAll('\n', ' ');
  if (line.includes('&')) for (const [entity, character] of ENTITIES) line = line.replaceAll(entity, character);
  return split(
    ` ${line} `
      .replace(/[{-~[-` -&(-+:-@/]/g, ' $& ')
      .replace(/([^0-9])([.,])/gu, '$1 $2 ')
      .replace(/([.,])([^0-9])/gu, ' $1 $2')
      .replace(/([0-9])(-)/g, '$1 $2 '),
  );
};

/** Lower case, runs of a-z and 0-9: other scripts have no words. Source: rouge-score 0.1.2. */
export const rouge: Tokenizer = (text) => all(ROUGE, text.toLowerCase());

/** The same; words of more than three letters are stemmed by NLTK's extended Porter. */
export const rougeStem: Tokenizer = (text) => rouge(text).map((word) => (word.length > 3 ? porterStem(word) : word));

/** Those that a setting may name. */
export const TOKENIZERS = { split, 'lower-split': lowerSplit, stein, guo, 'word-regex': wordRegex, wordpunct } as const;
export type TokenizerName = keyof typeof TOKENIZERS;

/** Python's str.rstrip(); a loop, since a pattern anchored at the end alone takes quadratic time on inner runs of spaces. */
function trimmedEnd(text: string): string {
  let end = text.length;
  while (end > 0 && TRAILING_SPACE.test(text[end - 1])) end--;
  return text.slice(0, end);
}
