/** BLEU of texts against references, as sacrebleu and Hugging Face evaluate compute it. */
import { z } from 'zod';
import { brevityPenalty, scoreOf, type BleuOptions } from './bleu-score.js';
import { pairsOf } from './input.js';
import { type Pair, pairStatistics, summed } from './pairs.js';
import { rowsOf } from './rows.js';
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

export const bleus: readonly Evaluation[] = [ofSacrebleu, ofEvaluate];
