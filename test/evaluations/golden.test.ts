import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { coverage } from '../../evaluations/coverage.js';
import { distinct1, distinct2, distinct3 } from '../../evaluations/distinct.js';
import { distinctBlocks } from '../../evaluations/distinct-blocks.js';
import { mixedPerplexities } from '../../evaluations/mixed-perplexity.js';
import { perplexity } from '../../evaluations/perplexity.js';
import { perplexityOfBatches, perplexityOfRecords } from '../../evaluations/perplexities.js';
import { expectEqual, golden as reference } from './reference.js';
import { rep } from '../../evaluations/rep.js';
import { sequencePerplexity } from '../../evaluations/sequence-perplexity.js';
import { defaultsOf } from '../../evaluations/types.js';
import type { Evaluation, EvaluationInput } from '../../evaluations/types.js';
import { likelihoodTable, textsFrom } from './support.js';

const golden = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`../golden/metrics/${name}.json`, import.meta.url), 'utf8')) as T;

const input = (generated: number[][], real: number[][] = []): EvaluationInput => ({
  records: { generated: textsFrom(generated) },
  tokenTypes: { real: new Set(real.flat()) },
  tables: {},
});
const seen = (name: string, rows: Parameters<typeof likelihoodTable>[0]): EvaluationInput => ({
  records: {},
  tables: { [name]: likelihoodTable(rows) },
});
const TEST = 'likelihood/test/self';
const WRITTEN = 'likelihood/generated/first';
const only = (metric: Evaluation, scoring: EvaluationInput, settings = {}) => {
  const rows = metric.compute(scoring, { ...defaultsOf(metric), ...settings });
  expect(rows).toHaveLength(1);
  return rows[0];
};

describe('perplexity', () => {
  const { token_losses, exp_mean_token, per_text } = golden<{
    token_losses: number[][];
    exp_mean_token: number;
    per_text: number[];
  }>('perplexity');
  const likelihoods = token_losses.map((losses) => ({ nllSum: losses.reduce((a, b) => a + b, 0), tokenCount: losses.length }));

  test('exp of the mean over all tokens, not over texts', () => {
    const row = only(perplexity, seen(TEST, likelihoods));
    expect(row.value / exp_mean_token).toBeCloseTo(1, 12);
    expect(row.n).toBe(token_losses.flat().length);
  });

  test('means over batches and over records, as others average', () => {
    type Name = 'exp_mean_batch' | 'std_perp_shumailov' | 'median_of_perplexities' | 'mean_of_perplexities' | 'iqr_cleaned_mean';
    const all = reference<Record<Name | 'batch_size' | 'iqr_kept', number>>('perplexity');
    const input = seen(TEST, likelihoods);
    const batches = perplexityOfBatches.compute(input, { batch: all.batch_size });
    const records = perplexityOfRecords.compute(input, {});
    const names: Name[] = ['exp_mean_batch', 'std_perp_shumailov', 'median_of_perplexities', 'mean_of_perplexities', 'iqr_cleaned_mean']; // prettier-ignore
    [...batches, ...records].forEach(({ value }, i) => expectEqual(names[i], value, all[names[i]]));
    expect([batches[0].n, records.map(({ n }) => n)]).toEqual([3, [23, 23, all.iqr_kept]]);
    expect(perplexityOfBatches.compute(seen(TEST, [{ nllSum: 0, tokenCount: 0 }]), { batch: 8 })).toEqual([]);
    expect(perplexityOfRecords.compute(seen(TEST, []), {})).toEqual([]);
  });

  test('on a mixed test set: the same of its own table, under names of their own', () => {
    for (const [mixed, clean] of [
      [mixedPerplexities[0], perplexity],
      [mixedPerplexities[1], perplexityOfBatches],
    ]) {
      const rows = mixed.compute(seen('likelihood/mixed/self', likelihoods), defaultsOf(mixed));
      const named = clean.compute(seen(TEST, likelihoods), defaultsOf(clean)).map((row) => ({ ...row, variant: row.variant.replace('real', 'mixed') })); // prettier-ignore
      expect(rows).toEqual(named);
    }
  });

  test('each sequence under model 0: quantiles lie where the reference perplexities do', () => {
    const rows = sequencePerplexity.compute(seen(WRITTEN, likelihoods), {});
    const logs = per_text.map(Math.log);
    expect(rows.find((r) => r.variant === 'under-model-0/mean-log')!.value).toBeCloseTo(
      logs.reduce((a, b) => a + b, 0) / logs.length,
      10,
    );
    const median = [...per_text].sort((a, b) => a - b)[(per_text.length - 1) / 2];
    if (per_text.length % 2 === 1) expect(rows.find((r) => r.variant === 'under-model-0/q50')!.value / median).toBeCloseTo(1, 10);
  });

  test('end tokens are left out in a second value, where there are any and others beside them', () => {
    const of = (...rows: Parameters<typeof likelihoodTable>[0]) =>
      perplexity.compute(seen(TEST, rows), {}).map(({ variant, value, n }) => [variant, value, n]);
    const [all, without] = ['real-test/exp-mean-token', 'real-test/exp-mean-token/without-end-token'];
    const ends = (nllSum: number, tokenCount: number) => ({ ends: { nllSum, tokenCount } });
    expect(of({ nllSum: 10, tokenCount: 4, ...ends(7, 1) }, { nllSum: 2, tokenCount: 2, ...ends(0, 0) })).toEqual([
      [all, Math.exp(12 / 6), 6],
      [without, Math.exp(5 / 5), 5],
    ]);
    expect(of({ nllSum: 6, tokenCount: 3, ...ends(0, 0) })).toEqual([[all, Math.exp(2), 3]]);
    expect(of({ nllSum: 6, tokenCount: 3, ...ends(6, 3) })).toEqual([[all, Math.exp(2), 3]]);
    expect(of({ nllSum: 6, tokenCount: 3 })).toEqual([[all, Math.exp(2), 3]]);
  });

  test('a diverged model is named, not averaged', () => {
    expect(() => perplexity.compute(seen(TEST, [{ nllSum: NaN, tokenCount: 3 }]), {})).toThrow(/diverged/);
  });
});

describe('lexical metrics against nltk', () => {
  interface Lexical {
    sets: Record<
      string,
      {
        ids: number[][];
        ngram_totals: number[];
        distinct: number[];
        fixed_tokens: Record<string, Record<string, number> | null>;
        rep_2_3_4_per_text: number[][];
      }
    >;
    vocabulary_coverage: { wiki_collapsed: number; wiki_ewt: number };
  }
  const { sets, vocabulary_coverage } = golden<Lexical>('lexical');
  const metrics = [distinct1, distinct2, distinct3];

  test.each(Object.keys(sets))('%s: distinct-n over everything and at fixed token counts', (name) => {
    const set = sets[name];
    metrics.forEach((metric, i) => {
      expect(only(metric, input(set.ids), { tokens: 0 })).toMatchObject({ value: set.distinct[i], n: set.ngram_totals[i] });
      for (const [tokens, expected] of Object.entries(set.fixed_tokens)) {
        if (expected !== null)
          expect(only(metric, input(set.ids), { tokens: Number(tokens) }).value).toBeCloseTo(expected[i + 1], 12);
      }
    });
  });

  test.each(Object.keys(sets))('%s: rep-n, records without an n-gram left out', (name) => {
    const set = sets[name];
    for (const order of [2, 3, 4]) {
      const long = set.ids
        .map((ids, i) => ({ ids, rep: set.rep_2_3_4_per_text[i][order - 2] }))
        .filter(({ ids }) => ids.length >= order);
      const row = only(rep, input(set.ids), { order });
      expect(row.n).toBe(long.length);
      expect(row.value).toBeCloseTo(long.reduce((sum, t) => sum + t.rep, 0) / long.length, 12);
    }
  });

  test('coverage of the real vocabulary', () => {
    const all = { tokens: 0 };
    expect(only(coverage, input(sets.collapsed.ids, sets.wiki.ids), all).value).toBeCloseTo(
      vocabulary_coverage.wiki_collapsed,
      12,
    );
    expect(only(coverage, input(sets.ewt.ids, sets.wiki.ids), all).value).toBeCloseTo(vocabulary_coverage.wiki_ewt, 12);
    expect(only(coverage, input(sets.wiki.ids, sets.wiki.ids), all).value).toBe(1);
  });
});

describe('the scores of the PyTorch rehearsal', () => {
  const { text_scores, sequence } = golden<{
    text_scores: Record<string, number>;
    sequence: Record<string, number> & { histogram: number[] };
  }>('rehearsal');
  const next = (x: number): number => (Math.imul(1103515245, x) + 12345) & 0x7fffffff;
  const blocks = (seed: number, scale: number): number[][] => {
    let x = seed;
    return Array.from({ length: 900 }, () =>
      Array.from({ length: 64 }, () => {
        x = next(x);
        const u = x / 2 ** 31;
        return Math.floor(u * u * u * scale);
      }),
    );
  };
  const written = blocks(1, 600);
  for (let i = 100; i < 120; i++) written[i] = written[5];
  written[200] = Array.from({ length: 64 }, (_, i) => (i < 8 ? written[200][i] : written[200][i % 4]));
  const scoring = input(written, blocks(7, 800));

  test('text scores', () => {
    expect(only(distinct1, scoring)).toMatchObject({ value: text_scores.distinct_1, n: 50_000 });
    expect(only(distinct2, scoring).value).toBeCloseTo(text_scores.distinct_2, 12);
    expect(only(distinct3, scoring).value).toBeCloseTo(text_scores.distinct_3, 12);
    expect(only(coverage, scoring, { tokens: 0 }).value).toBeCloseTo(text_scores.coverage, 12);
    expect(only(rep, scoring).value).toBeCloseTo(text_scores.rep_4, 12);
    expect(only(distinctBlocks, scoring).value).toBeCloseTo(text_scores.distinct_blocks, 12);
  });

  test('sequence scores and numpy histogram', () => {
    let x = 3;
    const generatedUnderFirst = Array.from({ length: 500 }, () => ({
      nllSum: 63 * (1 + 5 * ((x = next(x)) / 2 ** 31)),
      tokenCount: 63,
    }));
    const rows = sequencePerplexity.compute(seen(WRITTEN, generatedUnderFirst), {});
    for (const part of ['q05', 'q50', 'q95', 'q99', 'mean-log']) {
      const row = rows.find((r) => r.variant === `under-model-0/${part}`)!;
      expect(row.value / sequence[part]).toBeCloseTo(1, 12);
      expect(row.n).toBe(500);
    }
    const [series] = sequencePerplexity.series!(seen(WRITTEN, generatedUnderFirst), {});
    expect(series.counts).toEqual(sequence.histogram);
    expect(series.edges).toHaveLength(series.counts.length + 1);
    expect(series).toMatchObject({ below: 0, above: 0, n: 500 });
  });
});
