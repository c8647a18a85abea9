/** Flesch by its written rule; distances of distributions against scipy. */
import { describe, expect, test } from '@jest/globals';
import {
  chiSquareDistance,
  cramerDistance,
  energyOfNumbers,
  hellinger,
  jsDivergence,
  klDivergence,
  ksStatistic,
  overlap,
  totalVariation,
  wasserstein1,
  wasserstein2,
} from '../../evaluations/distances.js';
import { fleschs, gradeLevel, readabilityOf, readingEase, syllablesOf } from '../../evaluations/flesch.js';
import { countInto, linearEdges } from '../../evaluations/histogram.js';
import { likelihoodShifts } from '../../evaluations/likelihood-shift.js';
import { quantile } from '../../statistics/summary.js';
import { lengthDistance, wordDivergence } from '../../evaluations/real-distance.js';
import { defaultsOf } from '../../evaluations/types.js';
import { expectEqual, golden, goldenTexts } from './reference.js';
import { likelihoodTable, textsFrom, written } from './support.js';

const readability = golden<{
  texts: Record<
    string,
    { own: { words: number; sentences: number; syllables: number; flesch_reading_ease: number; flesch_kincaid_grade: number } }
  >;
  words: Record<string, [number, number, number]>;
}>('readability');

test('reading ease', () => {
  const byId = new Map(goldenTexts().map(({ id, text }) => [id, text]));
  for (const [id, { own }] of Object.entries(readability.texts)) {
    const found = readabilityOf(byId.get(id)!);
    expect([id, found.words, found.sentences, found.syllables]).toEqual([id, own.words, own.sentences, own.syllables]);
    expectEqual(id, readingEase(found), own.flesch_reading_ease);
    expectEqual(id, gradeLevel(found), own.flesch_kincaid_grade);
  }
  for (const [word, [own]] of Object.entries(readability.words)) expect([word, syllablesOf(word)]).toEqual([word, own]);
});

test('median and mean over texts that have words, and of all counts together', () => {
  const texts = ['', 'the cat sat.', 'the '.repeat(600), 'A dog ran. It ran.'];
  const each = texts.slice(1).map((text) => readingEase(readabilityOf(text)));
  const rows = fleschs[0].compute(written(texts), {});
  expect(rows.map(({ variant, n }) => [variant, n])).toEqual([
    ['vowel-runs', 3],
    ['vowel-runs/mean', 3],
    ['vowel-runs/all-texts', 3],
    ['vowel-runs/kincaid-grade', 3],
  ]);
  expectEqual('median', rows[0].value, [...each].sort((a, b) => a - b)[1]);
  expectEqual('mean', rows[1].value, (each[0] + each[1] + each[2]) / 3);
  expectEqual('all', rows[2].value, readingEase(readabilityOf(texts.slice(1).join('. '))));
  expect(fleschs[0].compute(written(['', '...']), {})).toEqual([]);
});

const distribution = golden<{
  histograms: Record<
    string,
    Record<
      'kl_pq' | 'kl_qp' | 'js_divergence_nats' | 'js_distance_scipy' | 'total_variation' | 'overlap' | 'hellinger' | 'chi2_half',
      number | 'Infinity'
    > & {
      p: number[];
      q: number[];
    }
  >;
  binning: {
    values: number[];
    edges: number[];
    counts_numpy: number[];
    counts_10_equal_bins: number[];
    edges_10_equal_bins: number[];
  };
  quantiles: { values: number[]; q: number[]; expected: number[] };
  one_dimension: Record<'a' | 'b' | 'c' | 'weights_a', number[]> &
    Record<
      'a_b' | 'a_c' | 'c_c' | 'single_points',
      Record<'wasserstein1' | 'wasserstein2_own' | 'energy_distance_scipy' | 'cramer_area' | 'ks_statistic', number>
    > & { a_b_weighted_wasserstein1: number };
}>('distribution');

describe('distances', () => {
  test.each(Object.entries(distribution.histograms))('of histograms: %s', (_, { p, q, ...expected }) => {
    for (const [value, of] of [
      [klDivergence(p, q), expected.kl_pq],
      [klDivergence(q, p), expected.kl_qp],
    ] as const)
      if (of === 'Infinity') expect(value).toBe(Infinity);
      else expectEqual('kl', value, of);
    expectEqual('js', jsDivergence(p, q), Number(expected.js_divergence_nats));
    expectEqual('root of js', Math.sqrt(jsDivergence(p, q)), Number(expected.js_distance_scipy));
    expectEqual('hellinger', hellinger(p, q), Number(expected.hellinger));
    expectEqual('chi-square', chiSquareDistance(p, q), Number(expected.chi2_half));
    expectEqual('tv', totalVariation(p, q), Number(expected.total_variation));
    expectEqual('overlap', overlap(p, q), Number(expected.overlap));
  });

  test('of samples: Wasserstein, energy, Cramér, Kolmogorov-Smirnov', () => {
    const { a, b, c, weights_a, ...expected } = distribution.one_dimension;
    const ascending = (values: readonly number[]) => [...values].sort((x, y) => x - y);
    for (const [one, other, of] of [
      [a, b, expected.a_b],
      [a, c, expected.a_c],
      [c, c, expected.c_c],
      [[1], [3.5], expected.single_points],
    ] as const) {
      const [x, y] = [ascending(one), ascending(other)];
      expectEqual('wasserstein-1', wasserstein1(one, other), of.wasserstein1);
      expectEqual('wasserstein-2', wasserstein2(x, y), of.wasserstein2_own);
      expectEqual('energy', energyOfNumbers(one, other), of.energy_distance_scipy);
      expectEqual('cramér', cramerDistance(one, other), of.cramer_area);
      expectEqual('ks', ksStatistic(x, y), of.ks_statistic);
    }
    expectEqual('weighted', wasserstein1(a, b, { a: weights_a }), expected.a_b_weighted_wasserstein1);
  });

  test('bins and quantiles as numpy', () => {
    const { values, edges, ...expected } = distribution.binning;
    expect(countInto(edges, values, { closed: true }).counts).toEqual(expected.counts_numpy);
    const { a } = distribution.one_dimension;
    const equal = linearEdges(Math.min(...a), Math.max(...a), 10);
    equal.forEach((edge, i) => expectEqual('edge', edge, expected.edges_10_equal_bins[i]));
    expect(countInto(equal, a, { closed: true }).counts).toEqual(expected.counts_10_equal_bins);
    expect(countInto(equal, a).above).toBe(1);
    const sorted = [...distribution.quantiles.values].sort((x, y) => x - y);
    distribution.quantiles.q.forEach((q, i) => expectEqual('quantile', quantile(sorted, q), distribution.quantiles.expected[i]));
  });

  test('what model 0 says of written and of real text', () => {
    const { a, b, a_b } = distribution.one_dimension;
    const table = (logs: number[]) => likelihoodTable(logs.map((nats) => ({ nllSum: 3 * nats, tokenCount: 3 })));
    const of = (written: number[], real: number[]) =>
      likelihoodShifts[0].compute({ records: {}, tables: { 'likelihood/generated/first': table(written), 'likelihood/test/first': table(real) } }, { bins: 20 }); // prettier-ignore
    const found = new Map(of(a, b).map(({ variant, value }) => [variant.split('/').slice(2).join('/'), value]));
    expectEqual('distance', found.get(''), a_b.wasserstein1);
    expectEqual('ks', found.get('ks'), a_b.ks_statistic);
    expectEqual('wasserstein-2', found.get('wasserstein-2'), a_b.wasserstein2_own);
    expectEqual('energy', found.get('energy'), a_b.energy_distance_scipy);
    const same = of(b, b).map(({ value }) => value);
    expect(same.map((value) => Math.round(value * 1e9) / 1e9)).toEqual([0, 0, 0, 0, 0, 1 / 45, 1 / 45, 0, 1, 0, 0, 0, 0, 0, 0].map((value) => Math.round(value * 1e9) / 1e9)); // prettier-ignore
    expect(found.get('above-q99')).toBe(0);
    expect(of([], b)).toEqual([]);
    // quantiles as numpy has them, of the written less of the others
    const { q, expected } = distribution.quantiles;
    const shifted = new Map(of(distribution.quantiles.values, [1]).map(({ variant, value }) => [variant.split('/')[2], value]));
    for (const [part, at] of [
      ['median', 0.5],
      ['q05', 0.05],
      ['q99', 0.99],
      ['q999', 0.999],
    ] as const)
      // prettier-ignore
      expectEqual(part, shifted.get(part), expected[q.indexOf(at)] - 1);
  });

  test('figure 1: of what model 0 wrote a hundredth lies beyond its own tail; mass that moves left and a tail that grows are seen each', () => {
    const [, of0] = likelihoodShifts;
    const before = Array.from({ length: 1001 }, (_, i) => i / 1000);
    const table = (logs: number[]) => likelihoodTable(logs.map((nats) => ({ nllSum: 2 * nats, tokenCount: 2 })));
    const of = (written: number[]) => {
      const tables = { 'likelihood/generated/first': table(written), 'likelihood/written0/first': table(before) };
      return new Map(of0.compute({ records: {}, tables }, { bins: 20 }).map(({ variant, value }) => [variant.slice('generation-0/under-model-0/'.length), value])); // prettier-ignore
    };
    const same = of(before);
    expect([same.get('median'), same.get('above-q99')]).toEqual([0, 10 / 1001]);
    // half as large, and every twentieth far beyond all that was
    const later = of(before.map((value, i) => (i % 20 === 0 ? 3 : value / 2)));
    expect(later.get('median')).toBeLessThan(-0.2);
    expect(later.get('above-q99')).toBeCloseTo(51 / 1001, 12);
    expect(later.get('q999')).toBeCloseTo(3 - 0.999, 12);
    // mass may move without a tail
    expect(of(before.map((value) => value / 2)).get('above-q99')).toBe(0);
  });

  test('of written words and lengths from real ones', () => {
    const of = (texts: string[], test: string[]) => ({
      records: { generated: textsFrom([], texts), test: textsFrom([], test) },
      tables: {},
    });
    const settings = defaultsOf(wordDivergence);
    expectEqual('alike', wordDivergence.compute(of(['a b', 'b'], ['b A b']), settings)[0].value, 0);
    const apart = wordDivergence.compute(of(['a a'], ['b']), settings);
    expect(apart.map(({ variant }) => variant.split('/')[2] ?? '')).toEqual(['', 'total-variation', 'hellinger', 'chi-square']);
    [Math.LN2, 1, 1, 1].forEach((value, i) => expectEqual('apart', apart[i].value, value));
    expect(wordDivergence.compute(of([''], ['b']), settings)).toEqual([]);
    // lengths 1 and 3 beside 3 and 3: half of the mass is moved by 2
    const lengths = lengthDistance.compute(of(['a', 'a b c'], ['a b c', 'a b c']), {});
    expect(lengths.map(({ value }) => value)).toEqual([1, Math.SQRT2, 1, 0.5]);
    expect(lengths[0].n).toBe(2);
    expect(lengthDistance.compute(of([], ['a']), {})).toEqual([]);
  });
});
