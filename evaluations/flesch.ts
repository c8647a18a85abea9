/** Flesch's reading ease, with syllables by a rule or by a pronouncing dictionary. */
import { textsOf } from './input.js';
import { stressesOf, stressLexicon } from './lexicon/stress.js';
import { rowsOf } from './rows.js';
import { NONE } from './settings.js';
import { quantile } from '../statistics/summary.js';
import { split } from './tokenizers.js';
import type { Evaluation } from './types.js';

const NO_WORD = /[^\p{L}\p{N}_']+/gu;
const WORD = /[\p{L}\p{N}_]/u;

export interface Readability {
  readonly words: number;
  readonly sentences: number;
  readonly syllables: number;
}

/** Runs of vowels and y among a-z, without a final e that does not follow l where there are others; at least 1, 0 without a letter. */
export function syllablesOf(word: string): number {
  const letters = word.toLowerCase().replace(/[^a-z]+/g, '');
  if (letters === '') return 0;
  const runs = letters.match(/[aeiouy]+/g)?.length ?? 0;
  return Math.max(1, runs > 1 && /(?:^|[^l])e$/.test(letters) ? runs - 1 : runs);
}

/** Words lie between white space; sentences between runs of . ! ?, at least one where there are words. */
export function readabilityOf(text: string, syllablesIn = syllablesOf): Readability {
  const words = split(text)
    .map((piece) => piece.replace(NO_WORD, ''))
    .filter((piece) => WORD.test(piece));
  const sentences = Math.max(Math.sign(words.length), text.split(/[.!?]+/).filter((piece) => WORD.test(piece)).length);
  return { words: words.length, sentences, syllables: words.reduce((sum, word) => sum + syllablesIn(word), 0) };
}

/** Flesch's reading ease; about 60 for plain English, unbounded below; 0 without words. */
export function readingEase({ words, sentences, syllables }: Readability): number {
  return words === 0 ? 0 : 206.835 - (1.015 * words) / sentences - (84.6 * syllables) / words;
}

/** Flesch-Kincaid's grade: years of school in the United States; 0 without words. */
export function gradeLevel({ words, sentences, syllables }: Readability): number {
  return words === 0 ? 0 : (0.39 * words) / sentences + (11.8 * syllables) / words - 15.59;
}

/** @param syllables gives what counts those of a word; asked for where texts are measured, for it may read a file */
function fleschOf(variant: string, said: string, syllables: () => (word: string) => number, version: number): Evaluation {
  return {
    name: 'flesch',
    variant,
    version,
    summary: `Flesch's reading ease, ${said}: median, mean and of all texts together; about 60 for plain English, higher is easier. Also Flesch-Kincaid's grade.`,
    usual: false,
    of: 'texts',
    group: 'quality',
    needs: { records: ['generated'] },
    settings: NONE,
    meansOverTexts: [`${variant}/mean`],
    subject: 'generated',
    compute(input, settings) {
      const syllablesIn = syllables();
      const found = textsOf(input, 'generated')
        .texts.map((text) => readabilityOf(text, syllablesIn))
        .filter(({ words }) => words > 0);
      const n = found.length;
      if (n === 0) return [];
      const values = Float64Array.from(found, readingEase).sort();
      const add = (of: keyof Readability): number => found.reduce((sum, one) => sum + one[of], 0);
      const all = readingEase({ words: add('words'), sentences: add('sentences'), syllables: add('syllables') });
      const row = rowsOf(this, settings);
      return [
        row(quantile(values, 0.5), n),
        row(values.reduce((a, b) => a + b, 0) / n, n, 'mean'),
        row(all, n, 'all-texts'),
        row(quantile(Float64Array.from(found, gradeLevel).sort(), 0.5), n, 'kincaid-grade'),
      ];
    },
  };
}

/** Syllables as CMUdict has them, of a word that it lacks by the rule; 0 without a letter of a-z. */
export function syllablesByLexicon(): (word: string) => number {
  const lexicon = stressLexicon();
  return (word) => {
    const stresses = stressesOf(word.toLowerCase(), lexicon);
    return stresses === undefined ? syllablesOf(word) : Math.max(1, stresses.length);
  };
}

/**
 * Median over texts of 206.835 - 1.015 words / sentences - 84.6 syllables / words; `…/mean`, which endless sentences rule (a repeated word
 * has -487); `…/all-texts`: of all counts together; `…/kincaid-grade`: median of 0.39 words / sentences + 11.8 syllables / words - 15.59,
 * years of school. Texts without a word are left out. n: texts. English alone.
 * Sources: Flesch, "A new readability yardstick" (1948); Kincaid et al. (1975); syllables are runs of vowels, no dictionary's
 * (`vowel-runs`), or those of the CMU Pronouncing Dictionary, and runs of vowels in words that it lacks (`cmudict`).
 */
export const fleschs: readonly Evaluation[] = [
  fleschOf('vowel-runs', 'syllables as runs of vowels', () => syllablesOf, 2),
  fleschOf('cmudict', 'syllables by CMUdict, else as runs of vowels', syllablesByLexicon, 1),
];
