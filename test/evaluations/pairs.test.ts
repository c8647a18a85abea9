/** Against sacrebleu (BLEU, chrF), NLTK, Hugging Face evaluate's BLEU and rouge-score. */
import { describe, expect, test } from '@jest/globals';
import { bleuOfEvaluate, bleuOfNltk, bleus, bleuSignature, tokenizerOf } from '../../evaluations/bleu.js';
import { brevityPenalty, precisionsOf, scoreOf, type BleuOptions } from '../../evaluations/bleu-score.js';
import { chrf, chrfCounts, chrfOfCorpus, chrfScore, chrfSignature } from '../../evaluations/chrf.js';
import { evaluations } from '../../evaluations/index.js';
import { lcsLength } from '../../evaluations/lcs.js';
import { pairStatistics, summed, type Pair } from '../../evaluations/pairs.js';
import { rouge, rougeL, rougeLsum, rougeN, steinF1 } from '../../evaluations/rouge.js';
import { nltkScore } from '../../evaluations/self-bleu-scores.js';
import { rouge as rougeWords, rougeStem, split } from '../../evaluations/tokenizers.js';
import { defaultsOf, type EvaluationInput } from '../../evaluations/types.js';
import { expectEqual, golden, goldenLines } from './reference.js';
import { written } from './support.js';

interface Corpus {
  score: number;
  counts: number[];
  totals: number[];
  precisions: number[];
  bp: number;
  sys_len: number;
  ref_len: number;
}
type Sentence = number | Corpus;
interface Bleu {
  corpus_single: Corpus;
  corpus_multi: Corpus;
  signature: string;
  sentence: Sentence[];
  sentence_effective_order: Sentence[];
}
const lines = goldenLines<{ id: string; hypothesis: string; references: string[] }>('pairs');
const multi: Pair[] = lines.map(({ hypothesis, references }) => ({ text: hypothesis, references }));
const single: Pair[] = multi.map(({ text, references }) => ({ text, references: references.slice(0, 1) }));
const reference = golden<{
  sacrebleu: Record<string, Bleu>;
  small_corpora: Record<string, Record<string, Corpus> & { ids: string[] }>;
  nltk_sentence_method1: Record<string, number[]>;
  nltk_corpus_method1: Record<string, number>;
  nmt: Record<string, { bleu: number }>;
}>('bleu');
const inputOf = (pairs: readonly Pair[]): EvaluationInput => ({
  ...written(pairs.map(({ text }) => text)),
  references: pairs.map(({ references }) => references),
});

function expectCorpus(what: string, pairs: readonly Pair[], name: string, expected: Corpus): void {
  const [tokenizer, smoothing, lower] = name.split('/');
  const statistics = pairStatistics(pairs, tokenizerOf({ tokenizer, lowercase: lower !== undefined }), 4);
  const all = summed(statistics);
  const options = { smoothing: smoothing as BleuOptions['smoothing'], effectiveOrder: false };
  expect([what, all.length, all.reference]).toEqual([what, expected.sys_len, expected.ref_len]);
  expectEqual(what, scoreOf(all, options), expected.score);
  expectEqual(`${what} bp`, brevityPenalty(all), expected.bp);
  precisionsOf(all, options.smoothing).forEach((p, n) => expectEqual(`${what} ${n}`, p, expected.precisions[n]));
}

describe.each(Object.keys(reference.sacrebleu))('sacrebleu %s', (name) => {
  const expected = reference.sacrebleu[name];
  const [tokenizer, smoothing, lower] = name.split('/');
  const settings = { tokenizer, smoothing, lowercase: lower !== undefined };

  test('corpora, signature', () => {
    expectCorpus('single', single, name, expected.corpus_single);
    expectCorpus('multi', multi, name, expected.corpus_multi);
    expect(
      bleuSignature(
        settings,
        single.map(() => 1),
      ),
    ).toBe(expected.signature);
    const rows = bleus[0].compute(inputOf(single), settings);
    expectEqual('row', rows[0].value, expected.corpus_single.score);
    const values = expected.sentence_effective_order.map((s) => (typeof s === 'number' ? s : s.score));
    expectEqual('mean', bleus[0].compute(inputOf(multi), settings)[2].value, values.reduce((a, b) => a + b, 0) / values.length);
  });

  test('sentences', () => {
    const statistics = pairStatistics(multi, tokenizerOf(settings), 4);
    for (const [effectiveOrder, list] of [
      [false, expected.sentence],
      [true, expected.sentence_effective_order],
    ] as const)
      list.forEach((s, i) =>
        expectEqual(
          `${lines[i].id} ${effectiveOrder}`,
          scoreOf(statistics[i], { smoothing: smoothing as BleuOptions['smoothing'], effectiveOrder }),
          typeof s === 'number' ? s : s.score,
        ),
      );
  });
});

test.each(Object.entries(reference.small_corpora))('sacrebleu, small corpora where smoothing bites: %s', (_, { ids, ...by }) => {
  const pairs = (ids as string[]).map((id) => single[lines.findIndex((line) => line.id === id)]);
  for (const [name, expected] of Object.entries(by as Record<string, Corpus>)) expectCorpus(name, pairs, name, expected);
});

test("NLTK's sentence_bleu, method 1", () => {
  for (const [order, values] of Object.entries(reference.nltk_sentence_method1))
    pairStatistics(multi, split, Number(order)).forEach((s, i) =>
      expectEqual(`${order} ${lines[i].id}`, nltkScore(s), values[i]),
    );
  for (const [order, value] of Object.entries(reference.nltk_corpus_method1)) {
    expectEqual(`corpus ${order}`, bleuOfNltk(pairStatistics(multi, split, Number(order))), value);
    const rows = bleus.find(({ variant }) => variant === 'nltk')!.compute(inputOf(multi), { order: Number(order) });
    const of = reference.nltk_sentence_method1[order];
    expectEqual('row', rows[0].value, value);
    expectEqual('mean', rows[1].value, of.reduce((a, b) => a + b, 0) / of.length);
  }
});

test('BLEU of Hugging Face evaluate', () => {
  const { nmt } = reference;
  expectEqual('first', bleuOfEvaluate(single), nmt.all_pairs_first_reference.bleu);
  expectEqual('all', bleuOfEvaluate(multi), nmt.all_pairs_all_references.bleu);
  const nonempty = single.filter(({ text, references: [reference] }) => text !== '' && reference !== '');
  expectEqual('nonempty', bleuOfEvaluate(nonempty), nmt.nonempty_pairs_first_reference.bleu);
});

test.each(
  Object.entries(
    golden<Record<string, { corpus_single: number; corpus_multi: number; signature: string; sentence: number[] }>>('chrf'),
  ).filter(([name]) => name.startsWith('chrF')),
)('sacrebleu %s', (name, expected) => {
  const settings = {
    ...defaultsOf(chrf),
    ...(name === 'chrF1'
      ? { beta: 1 }
      : name.endsWith('/lc')
        ? { lowercase: true }
        : name.endsWith('/order3')
          ? { order: 3 }
          : {}),
  };
  const beta = name === 'chrF1' ? 1 : 2;
  const counts = chrfCounts(single, settings);
  counts.forEach((one, i) => expectEqual(lines[i].id, chrfScore(one, beta), expected.sentence[i]));
  expectEqual('single', chrf.compute(inputOf(single), settings)[0].value, expected.corpus_single);
  expectEqual('multi', chrfOfCorpus(chrfCounts(multi, settings), beta), expected.corpus_multi);
  expect(
    chrfSignature(
      settings,
      single.map(() => 1),
    ),
  ).toBe(expected.signature);
});

const rouges = golden<
  Record<'no_stemmer' | 'porter', { per_pair: Record<string, number[]>[]; mean: Record<string, number[]> }> & {
    stein_f1: { rouge1: number; bleu: number; f1: number }[];
  }
>('rouge');

test.each([
  ['no_stemmer', rougeWords, false],
  ['porter', rougeStem, true],
] as const)('rouge-score, %s', (name, tokenize, stemmer) => {
  const { per_pair, mean } = rouges[name];
  const [byOrder, longest, ofLines] = [rougeN(single, tokenize, 3), rougeL(single, tokenize), rougeLsum(single, tokenize)];
  per_pair.forEach((expected, i) => {
    for (const [key, one] of [
      ...[0, 1, 2].map((n) => [`rouge${n + 1}`, byOrder[i][n]] as const),
      ['rougeL', longest[i]!] as const,
      ['rougeLsum', ofLines[i]!] as const,
    ])
      [one.precision, one.recall, one.f].forEach((value, j) => expectEqual(`${lines[i].id} ${key}`, value, expected[key][j]));
  });
  const rows = rouge.compute(inputOf(single), { stemmer });
  expect(rows.map(({ variant }) => variant.split('/').slice(1).join('/'))).toEqual([
    '', 'precision', 'recall', 'rouge-2', 'rouge-2/precision', 'rouge-2/recall', 'rouge-3', 'rouge-3/precision', 'rouge-3/recall', 'rouge-l', 'rouge-l/precision', 'rouge-l/recall', 'rouge-lsum', 'rouge-lsum/precision', 'rouge-lsum/recall',
  ]); // prettier-ignore
  ['rouge1', 'rouge2', 'rouge3', 'rougeL', 'rougeLsum'].forEach((key, i) =>
    [2, 0, 1].forEach((of, j) => expectEqual(key, rows[3 * i + j].value, mean[key][of])),
  );
});

test("Stein's F1", () => {
  for (const { rouge1, bleu, f1 } of rouges.stein_f1) expectEqual('f1', steinF1(rouge1, bleu), f1);
});

describe('longest common subsequence', () => {
  /** the table of every pair of prefixes */
  function plain(a: Int32Array, b: Int32Array): number {
    let row = new Int32Array(b.length + 1);
    for (const x of a) {
      const next = new Int32Array(b.length + 1);
      b.forEach((y, j) => (next[j + 1] = x === y ? row[j] + 1 : Math.max(row[j + 1], next[j])));
      row = next;
    }
    return row[b.length];
  }

  test('as the plain table has it', () => {
    let state = 7;
    const random = (below: number): number => (state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff) % below;
    for (let i = 0; i < 300; i++) {
      const letters = 1 + random(i % 3 === 0 ? 3 : 40);
      const make = (): Int32Array => Int32Array.from({ length: random(200) }, () => random(letters));
      const [a, b] = [make(), make()];
      expect(lcsLength(a, b)).toBe(plain(a, b));
    }
  });

  test('too long ones have none, alike ones cost nothing', () => {
    const long = Int32Array.from({ length: 1_000_000 }, (_, i) => i);
    expect(lcsLength(long, long.slice())).toBe(long.length);
    expect(lcsLength(long, long.slice().reverse())).toBeUndefined();
  });
});

test('nothing to compare, no values; hostile texts have values', () => {
  for (const evaluation of evaluations.filter(({ needs }) => needs.references)) {
    const settings = defaultsOf(evaluation);
    expect(evaluation.compute(inputOf([]), settings)).toEqual([]);
    const hostile = [
      { text: '', references: [''] },
      { text: 'x'.repeat(300_000), references: ['\ud800 y', ''] },
      { text: 'of '.repeat(100_000), references: ['of the '.repeat(50_000)] },
    ];
    for (const { value } of evaluation.compute(inputOf(hostile), settings)) expect(Number.isFinite(value)).toBe(true);
    expect(() => evaluation.compute({ records: {}, tables: {} }, settings)).toThrow('internal: an evaluation needs');
  }
});
