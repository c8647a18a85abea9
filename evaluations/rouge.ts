/** ROUGE of texts against their first reference, and what Stein calls F1. */
import { z } from 'zod';
import { bleuOfEvaluate } from './bleu.js';
import { pairsOf } from './input.js';
import { lcsLength } from './lcs.js';
import { isCountable, unionHits } from './lcs-union.js';
import { type Pair, pairStatistics } from './pairs.js';
import { rowsOf } from './rows.js';
import { NONE } from './settings.js';
import { encode } from './token-ids.js';
import { rouge as words, rougeStem, type Tokenizer } from './tokenizers.js';
import type { Evaluation } from './types.js';

/** Precision, recall and their harmonic mean, each in [0, 1]. */
export interface RougeScore {
  readonly precision: number;
  readonly recall: number;
  readonly f: number;
}

function rougeScore(hits: number, written: number, reference: number): RougeScore {
  const [precision, recall] = [hits / Math.max(1, written), hits / Math.max(1, reference)];
  return { precision, recall, f: hits === 0 ? 0 : (2 * precision * recall) / (precision + recall) };
}

/** ROUGE-N of each pair, N from 1 to `order`, [0] ROUGE-1. Source: Lin (2004); rouge-score 0.1.2. */
export function rougeN(pairs: readonly Pair[], tokenize: Tokenizer, order: number): RougeScore[][] {
  const first = pairs.map(({ text, references: [reference] }) => ({ text, references: [reference] }));
  return pairStatistics(first, tokenize, order).map(({ matched, total, reference }) =>
    matched.map((hits, n) => rougeScore(hits, total[n], Math.max(0, reference - n))),
  );
}

/** ROUGE-L of each pair; undefined of texts too long for a longest common subsequence (lcs.ts). */
export function rougeL(pairs: readonly Pair[], tokenize: Tokenizer): (RougeScore | undefined)[] {
  return pairs.map(({ text, references: [reference] }) => {
    const [a, b] = encode([text, reference], tokenize).texts;
    const common = lcsLength(a, b);
    return common === undefined ? undefined : rougeScore(common, a.length, b.length);
  });
}

/**
 * ROUGE-Lsum of each pair, whose sentences are lines; undefined of texts too long for it (lcs-union.ts). Source: rouge-score 0.1.2,
 * `rougeLsum` without `split_summaries`.
 */
export function rougeLsum(pairs: readonly Pair[], tokenize: Tokenizer): (RougeScore | undefined)[] {
  return pairs.map(({ text, references: [reference] }) => {
    const [sizeOfText, sizeOfReference] = encode([text, reference], tokenize).texts.map(({ length }) => length);
    if (!isCountable(sizeOfReference, sizeOfText)) return undefined;
    const [written, real] = [text, reference].map((one) => one.split('\n'));
    const { texts, words: types } = encode([...written, ...real], tokenize);
    const [ofText, ofReference] = [texts.slice(0, written.length), texts.slice(written.length)].map((sentences) =>
      sentences.filter(({ length }) => length > 0),
    );
    const hits = unionHits(ofReference, ofText, types.length);
    const size = (sentences: readonly Int32Array[]): number => sentences.reduce((sum, { length }) => sum + length, 0);
    return hits === undefined ? undefined : rougeScore(hits, size(ofText), size(ofReference));
  });
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** ROUGE-1 to -3 */
const ORDERS = 3;

const common = {
  version: 1,
  higherIsBetter: true,
  usual: false,
  of: 'texts',
  group: 'quality',
  needs: { records: ['generated'], references: true },
  subject: 'generated',
} as const satisfies Partial<Evaluation>;

/**
 * Mean F of ROUGE-1, and `…/rouge-2`, `…/rouge-3`, `…/rouge-l`, `…/rouge-lsum` (sentences are lines), each with `…/precision` and `…/recall`, 0 to 1, against the first reference. n: texts.
 * The plain mean: Hugging Face evaluate reports the median of 1000 unseeded bootstrap means. Only a-z and 0-9 make words.
 * Source: Lin, "ROUGE" (2004); rouge-score 0.1.2.
 */
export const rouge: Evaluation = {
  ...common,
  name: 'rouge',
  variant: 'rouge-score',
  version: 2,
  summary:
    'ROUGE-1, -2, -3, -L and -Lsum as rouge-score 0.1.2: mean F, precision and recall against the first reference; 0 to 1.',
  meansOverTexts: ['', '/rouge-2', '/rouge-3', '/rouge-l', '/rouge-lsum'].flatMap((of) =>
    ['', '/precision', '/recall'].map((part) => `rouge-score${of}${part}`),
  ),
  settings: z.strictObject({ stemmer: z.boolean().default(false).describe("Compare Porter's stems (NLTK's extended form).") }),
  compute(input, settings) {
    const pairs = pairsOf(input);
    if (pairs.length === 0) return [];
    const tokenize = settings.stemmer ? rougeStem : words;
    const row = rowsOf(this, settings);
    const rows = (scores: readonly RougeScore[], name?: string) => {
      if (scores.length === 0) return [];
      const of = (key: keyof RougeScore, part?: string) =>
        row(mean(scores.map((score) => score[key])), scores.length, [name, part].filter((p) => p).join('/') || undefined);
      return [of('f'), of('precision', 'precision'), of('recall', 'recall')];
    };
    const byOrder = rougeN(pairs, tokenize, ORDERS);
    return [
      ...Array.from({ length: ORDERS }, (_, n) => {
        const scores = byOrder.map((orders) => orders[n]);
        return rows(scores, n === 0 ? undefined : `rouge-${n + 1}`);
      }).flat(),
      ...rows(
        rougeL(pairs, tokenize).filter((score) => score !== undefined),
        'rouge-l',
      ),
      ...rows(
        rougeLsum(pairs, tokenize).filter((score) => score !== undefined),
        'rouge-lsum',
      ),
    ];
  },
};

/** Stein's F1: R B / (R + B), half of the harmonic mean; 0 where both are 0. */
export const steinF1 = (r: number, b: number): number => (r + b === 0 ? 0 : (r * b) / (r + b));

/**
 * ROUGE-1 and BLEU in one number: R B / (R + B) as the thesis has it, without the factor 2, in [0, 1/2]; `…/harmonic-mean`: with it. R the mean F of
 * ROUGE-1, B the corpus BLEU of Hugging Face evaluate. n: texts. Source: Stein, thesis code.
 */
export const f1: Evaluation = {
  ...common,
  name: 'f1',
  variant: 'stein',
  summary: 'F1 of Stein: ROUGE-1 · BLEU / (ROUGE-1 + BLEU), 0 to 1/2, and the true harmonic mean, twice that.',
  settings: NONE,
  compute(input, settings) {
    const pairs = pairsOf(input);
    if (pairs.length === 0) return [];
    const value = steinF1(mean(rougeN(pairs, words, 1).map(([one]) => one.f)), bleuOfEvaluate(pairs));
    const row = rowsOf(this, settings);
    return [row(value, pairs.length), row(2 * value, pairs.length, 'harmonic-mean')];
  },
};
