/** Flesch by its written rule; distances of distributions against scipy. */
import { describe, expect, test } from '@jest/globals';
import { jsDivergence, klDivergence, totalVariation, wasserstein1 } from '../../evaluations/distances.js';
import { flesch, readabilityOf, readingEase, syllablesOf } from '../../evaluations/flesch.js';
import { lengthDistance, wordDivergence } from '../../evaluations/real-distance.js';
import { defaultsOf } from '../../evaluations/types.js';
import { expectEqual, golden, goldenTexts } from './reference.js';
import { textsFrom, written } from './support.js';

const readability = golden<{
  texts: Record<string, { own: { words: number; sentences: number; syllables: number; flesch_reading_ease: number } }>;
  words: Record<string, [number, number, number]>;
}>('readability');

test('reading ease', () => {
  const byId = new Map(goldenTexts().map(({ id, text }) => [id, text]));
  for (const [id, { own }] of Object.entries(readability.texts)) {
    const found = readabilityOf(byId.get(id)!);
    expect([id, found.words, found.sentences, found.syllables]).toEqual([id, own.words, own.sentences, own.syllables]);
    expectEqual(id, readingEase(found), own.flesch_reading_ease);
  }
  for (const [word, [own]] of Object.entries(readability.words)) expect([word, syllablesOf(word)]).toEqual([word, own]);
});

test('median and mean over texts that have words, and of all counts together', () => {
  const texts = ['', 'the cat sat.', 'the '.repeat(600), 'A dog ran. It ran.'];
  const each = texts.slice(1).map((text) => readingEase(readabilityOf(text)));
  const rows = flesch.compute(written(texts), {});
  expect(rows.map(({ variant, n }) => [variant, n])).toEqual([
    ['vowel-runs', 3],
    ['vowel-runs/mean', 3],
    ['vowel-runs/all-texts', 3],
  ]);
  expectEqual('median', rows[0].value, [...each].sort((a, b) => a - b)[1]);
  expectEqual('mean', rows[1].value, (each[0] + each[1] + each[2]) / 3);
  expectEqual('all', rows[2].value, readingEase(readabilityOf(texts.slice(1).join('. '))));
  expect(flesch.compute(written(['', '...']), {})).toEqual([]);
});

const distribution = golden<{
  histograms: Record<
    string,
    Record<'kl_pq' | 'kl_qp' | 'js_divergence_nats' | 'total_variation', number | 'Infinity'> & { p: number[]; q: number[] }
  >;
  one_dimension: Record<'a' | 'b' | 'c' | 'weights_a', number[]> &
    Record<'a_b' | 'a_c' | 'c_c', { wasserstein1: number }> & { a_b_weighted_wasserstein1: number };
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
    expectEqual('tv', totalVariation(p, q), Number(expected.total_variation));
  });

  test('Wasserstein', () => {
    const { a, b, c, weights_a, ...expected } = distribution.one_dimension;
    expectEqual('a b', wasserstein1(a, b), expected.a_b.wasserstein1);
    expectEqual('a c', wasserstein1(a, c), expected.a_c.wasserstein1);
    expectEqual('c c', wasserstein1(c, c), expected.c_c.wasserstein1);
    expectEqual('weighted', wasserstein1(a, b, { a: weights_a }), expected.a_b_weighted_wasserstein1);
  });

  test('of written words and lengths from real ones', () => {
    const of = (texts: string[], test: string[]) => ({
      records: { generated: textsFrom([], texts), test: textsFrom([], test) },
      tables: {},
    });
    const settings = defaultsOf(wordDivergence);
    expectEqual('alike', wordDivergence.compute(of(['a b', 'b'], ['b A b']), settings)[0].value, 0);
    const apart = wordDivergence.compute(of(['a a'], ['b']), settings);
    expectEqual('apart', apart[0].value, Math.LN2);
    expect(apart).toHaveLength(1);
    expect(wordDivergence.compute(of([''], ['b']), settings)).toEqual([]);
    expect(lengthDistance.compute(of(['a', 'a b c'], ['a b c', 'a b c']), {})[0]).toMatchObject({ value: 1, n: 2 });
    expect(lengthDistance.compute(of([], ['a']), {})).toEqual([]);
  });
});
