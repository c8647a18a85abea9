/** BLEU of texts against references, as sacrebleu, NLTK and Hugging Face evaluate compute it. */
import { z } from 'zod';
import { brevityPenalty, scoreOf, type BleuOptions } from './bleu-score.js';
import { pairsOf } from './input.js';
import { type Pair, type PairStatistics, pairStatistics, summed } from './pairs.js';
import { rowsOf } from './rows.js';
import { nltkScore } from './self-bleu-scores.js';
import { NONE } from './settings.js';
import { mteval13a, split, type Tokenizer } from './tokenizers.js';
import type { Evaluation, Settings } from './types.js';

const ORDER = 4;

const SETTINGS = z.strictObject({
  tokenizer: z.enum(['13a', 'none']).default('13a').describe("sacrebleu's tokenizer: 13a, or none (white space)."),
  smoothing: z.enum(['exp', 'floor', 'add-k', 'none']).default('exp').describe('What a precision of 0 becomes.'),
  lowercase: z.boolean().default(false).describe('Compare in lower case.'),
});

/** sacrebleu's tokenizers. */
export function tokenizerOf({ tokenizer, lowercase }: Settings): Tokenizer {
  const tokenize = tokenizer === 'none' ? split : mteval13a;
  return lowercase ? (text) => tokenize(text.toLowerCase()) : tokenize;
}

/** sacrebleu's smoothing methods with their value. */
const SMOOTHING = { exp: 'exp', none: 'none', floor: 'floor[0.10]', 'add-k': 'add-k[1.00]' };

/** How many references a text has, where all have as many. */
export const referencesIn = (references: readonly number[]): number | 'var' =>
  references.every((count) => count === references[0]) ? references[0] : 'var';

/** As sacrebleu prints it beside a score. @param references how many each text has */
export function bleuSignature({ tokenizer, smoothing, lowercase }: Settings, references: readonly number[]): string {
  return [
    `nrefs:${referencesIn(references)}`,
    `case:${lowercase ? 'lc' : 'mixed'}`,
    'eff:no',
    `tok:${String(tokenizer)}`,
    `smooth:${SMOOTHING[smoothing as keyof typeof SMOOTHING]}`,
    'version:2.6.0',
  ].join('|');
}

const common = {
  name: 'bleu',
  version: 1,
  higherIsBetter: true,
  usual: false,
  of: 'texts',
  group: 'quality',
  needs: { records: ['generated'], references: true },
  subject: 'generated',
} as const satisfies Partial<Evaluation>;

/**
 * Corpus BLEU-4, 0 to 100; `…/brevity-penalty`; `…/mean-of-texts`: mean of sentence BLEU with effective order. n: texts. Texts under four
 * words have no 4-gram: a corpus of them has 0. Source: Post, "A call for clarity in reporting BLEU scores" (2018); sacrebleu 2.6.0.
 */
const ofSacrebleu: Evaluation = {
  ...common,
  variant: 'sacrebleu',
  meansOverTexts: ['sacrebleu/mean-of-texts'],
  summary: 'Corpus BLEU-4 as sacrebleu 2.6.0, against the closest reference length; also the mean over texts; 0 to 100.',
  settings: SETTINGS,
  signature: (settings, pairs) =>
    bleuSignature(
      settings,
      pairs.map(({ references }) => references.length),
    ),
  compute(input, settings) {
    const pairs = pairsOf(input);
    if (pairs.length === 0) return [];
    const statistics = pairStatistics(pairs, tokenizerOf(settings), ORDER);
    const smoothing = settings.smoothing as BleuOptions['smoothing'];
    const all = summed(statistics);
    const n = pairs.length;
    const row = rowsOf(this, settings);
    const mean = statistics.reduce((sum, one) => sum + scoreOf(one, { smoothing, effectiveOrder: true }), 0) / n;
    return [
      row(scoreOf(all, { smoothing, effectiveOrder: false }), n),
      row(brevityPenalty(all), n, 'brevity-penalty'),
      row(mean, n, 'mean-of-texts'),
    ];
  },
};

/** Corpus BLEU-4 of 13a words without smoothing, against the shortest reference, 0 to 1. Source: Hugging Face evaluate, "bleu" (nmt). */
export function bleuOfEvaluate(pairs: readonly Pair[]): number {
  const statistics = pairStatistics(pairs, mteval13a, ORDER).map((one) => ({ ...one, reference: Math.min(...one.references) }));
  return scoreOf(summed(statistics), { smoothing: 'none', effectiveOrder: false }) / 100;
}

const ofEvaluate: Evaluation = {
  ...common,
  variant: 'evaluate',
  summary: 'Corpus BLEU-4 as Hugging Face evaluate: 13a words, no smoothing, against the shortest reference; 0 to 1.',
  settings: NONE,
  compute(input, settings) {
    const pairs = pairsOf(input);
    return pairs.length === 0 ? [] : [rowsOf(this, settings)(bleuOfEvaluate(pairs), pairs.length)];
  },
};

/** Corpus BLEU as NLTK sums it: a text counts as having at least one n-gram of every order. */
export function bleuOfNltk(statistics: readonly PairStatistics[]): number {
  return nltkScore(summed(statistics.map((one) => ({ ...one, total: one.total.map((all) => Math.max(1, all)) }))));
}

/**
 * Corpus BLEU of words between white space with smoothing method 1 (0.1 matches where there are none), 0 to 1, against the closest reference
 * length; `…/mean-of-texts`: mean of sentence BLEU, whose short texts it favours. n: texts. Source: NLTK 3.10, corpus_bleu and sentence_bleu.
 */
const ofNltk: Evaluation = {
  ...common,
  variant: 'nltk',
  summary: 'Corpus BLEU as NLTK 3.10 with smoothing method 1: words between white space; also the mean over texts; 0 to 1.',
  settings: z.strictObject({ order: z.int().min(1).max(9).default(4).describe('The longest n-grams.') }),
  compute(input, settings) {
    const pairs = pairsOf(input);
    const n = pairs.length;
    if (n === 0) return [];
    const statistics = pairStatistics(pairs, split, Number(settings.order));
    const row = rowsOf(this, settings);
    return [
      row(bleuOfNltk(statistics), n),
      row(statistics.reduce((sum, one) => sum + nltkScore(one), 0) / n, n, 'mean-of-texts'),
    ];
  },
};

export const bleus: readonly Evaluation[] = [ofSacrebleu, ofEvaluate, ofNltk];
