/** chrF: n-grams of characters against references. */
import { z } from 'zod';
import { referencesIn } from './bleu.js';
import { pairsOf } from './input.js';
import { type Pair, pairStatistics } from './pairs.js';
import { rowsOf } from './rows.js';
import { split } from './tokenizers.js';
import type { Evaluation, Settings } from './types.js';

/** Code points without white space. */
const characters = (text: string): string[] => Array.from(split(text).join(''));

/** Of one order: n-grams of the text (0 where the reference has none), of the reference, and matched ones. */
interface Counts {
  readonly text: number;
  readonly reference: number;
  readonly matched: number;
}

/** Of each pair, the counts by order against the reference with the best score, the first of those as good. */
export function chrfCounts(pairs: readonly Pair[], { order, beta, lowercase }: Settings): Counts[][] {
  const tokenize = lowercase ? (text: string) => characters(text.toLowerCase()) : characters;
  const single = pairs.flatMap(({ text, references }) => references.map((reference) => ({ text, references: [reference] })));
  const counts = pairStatistics(single, tokenize, Number(order)).map(({ matched, total, reference }) =>
    matched.map((hits, n): Counts => {
      const ofReference = Math.max(0, reference - n);
      return { text: ofReference === 0 ? 0 : total[n], reference: ofReference, matched: hits };
    }),
  );
  let at = 0;
  return pairs.map(({ references }) => {
    const tries = counts.slice(at, (at += references.length));
    return tries.reduce((best, one) => (chrfScore(one, Number(beta)) > chrfScore(best, Number(beta)) ? one : best));
  });
}

/** chrF in percent: F-beta of precision and recall, each the mean over the orders that both texts have. */
export function chrfScore(counts: readonly Counts[], beta: number): number {
  const both = counts.filter(({ text, reference }) => text > 0 && reference > 0);
  if (both.length === 0) return 0;
  const precision = both.reduce((sum, { matched, text }) => sum + matched / text, 0) / both.length;
  const recall = both.reduce((sum, { matched, reference }) => sum + matched / reference, 0) / both.length;
  if (precision + recall === 0) return 0;
  return (100 * (1 + beta ** 2) * precision * recall) / (beta ** 2 * precision + recall);
}

/** Of a corpus: counts added up. */
export function chrfOfCorpus(counts: readonly Counts[][], beta: number): number {
  const add = (n: number, of: keyof Counts): number => counts.reduce((sum, one) => sum + one[n][of], 0);
  const sums = counts[0].map((_, n) => ({ text: add(n, 'text'), reference: add(n, 'reference'), matched: add(n, 'matched') }));
  return chrfScore(sums, beta);
}

/** As sacrebleu prints it beside a score. */
export function chrfSignature({ order, lowercase }: Settings, references: readonly number[]): string {
  return `nrefs:${referencesIn(references)}|case:${lowercase ? 'lc' : 'mixed'}|eff:yes|nc:${String(order)}|nw:0|space:no|version:2.6.0`;
}

/**
 * Corpus chrF, 0 to 100, of n-grams of up to `order` characters without white space; `…/mean-of-texts`. n: texts.
 * Source: Popović, "chrF: character n-gram F-score for automatic MT evaluation" (2015); sacrebleu 2.6.0.
 */
export const chrf: Evaluation = {
  name: 'chrf',
  variant: 'sacrebleu',
  version: 1,
  summary:
    'chrF2 as sacrebleu 2.6.0: F-score of character n-grams against the best reference; also the mean over texts; 0 to 100.',
  higherIsBetter: true,
  usual: false,
  of: 'texts',
  group: 'quality',
  needs: { records: ['generated'], references: true },
  meansOverTexts: ['sacrebleu/mean-of-texts'],
  settings: z.strictObject({
    order: z.int().min(1).max(12).default(6).describe('n-grams of 1 to so many characters.'),
    beta: z.number().min(0).max(100).default(2).describe('How much more recall counts than precision.'),
    lowercase: z.boolean().default(false).describe('Compare in lower case.'),
  }),
  subject: 'generated',
  signature: (settings, pairs) =>
    chrfSignature(
      settings,
      pairs.map(({ references }) => references.length),
    ),
  compute(input, settings) {
    const pairs = pairsOf(input);
    if (pairs.length === 0) return [];
    const counts = chrfCounts(pairs, settings);
    const beta = Number(settings.beta);
    const n = pairs.length;
    const row = rowsOf(this, settings);
    const mean = counts.reduce((sum, one) => sum + chrfScore(one, beta), 0) / n;
    return [row(chrfOfCorpus(counts, beta), n), row(mean, n, 'mean-of-texts')];
  },
};
