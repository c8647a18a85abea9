/** Against lexical-diversity, lexicalrichness, scipy and plain float64 implementations of the written definitions. */
import { describe, expect, test } from '@jest/globals';
import { hypergeometricDiversity } from '../../evaluations/hd-d.js';
import { entropyOf, frequenciesOf, giniOf } from '../../evaluations/frequencies.js';
import * as laws from '../../evaluations/power-laws.js';
import { draysonDiversity, pythonRound2 } from '../../evaluations/repetition.js';
import { ttrs } from '../../evaluations/ttr.js';
import { vocabulary } from '../../evaluations/vocabulary.js';
import { written } from './support.js';
import { movingAverageTtr, mtld } from '../../evaluations/running-variety.js';
import { MTLD_FORMS } from '../../evaluations/mtld.js';
import { movingMtld } from '../../evaluations/mtld-moving.js';
import { CounterRng } from '../../common/philox.js';
import { byCodePoints, tailOfWords } from '../../evaluations/tails.js';
import { countsOf, distinctOf, encode, ngramsUpTo } from '../../evaluations/token-ids.js';
import { TOKENIZERS, type TokenizerName } from '../../evaluations/tokenizers.js';
import { expectEqual, golden, goldenTexts } from './reference.js';

interface Fit {
  K: number;
  beta: number;
  r2: number;
}
interface Growth {
  step: number;
  n: number[];
  v: number[];
  nonlinear: Fit | null;
  loglog: Fit | null;
}
interface Ranks {
  ranks: number;
  exponent: number;
  intercept: number;
  r2: number;
  mle_exponent: number;
}
type Lexical = Record<string, number> & {
  ngram_totals: number[];
  distinct: number[];
  stein_cap200: number[];
  fixed_tokens: Record<string, Record<string, number> | null>;
  heaps: Growth;
  heaps_1000: Growth | null;
  zipf_all: Ranks;
  zipf_top100: Ranks;
  mean_distinct_per_text: number[];
  per_text: Record<string, any>[] | Record<string, Record<string, any>> | null;
};
const reference = golden<{
  sets: Record<string, Record<string, Lexical>>;
  vectors: { weights: number[]; gini: number; entropy_nats: number }[];
  rounding: { unique: number; total: number; python_round: number }[];
  tails_wiki_vs_collapsed: Record<string, Record<string, number>>;
  tails_wiki_vs_ewt: Record<string, Record<string, number>>;
}>('lexical');
const texts = goldenTexts();
const ofSet = (set: string): string[] => texts.filter((t) => t.set === set).map(({ text }) => text);
const sets = Object.entries(reference.sets).flatMap(([set, by]) => Object.keys(by).map((name) => [set, name] as const));
const flat = (rows: readonly Int32Array[]): Int32Array => Int32Array.from(rows.flatMap((row) => [...row]));

describe.each(sets)('%s, %s', (set, name) => {
  const expected = reference.sets[set][name];
  const encoded = encode(ofSet(set), TOKENIZERS[name as TokenizerName]);
  const ngrams = ngramsUpTo(encoded.texts, 4);
  const words = flat(encoded.texts);
  const types = encoded.words.length;

  test('distinct n-grams', () => {
    ngrams.forEach((grams, i) => {
      const { unique, total } = distinctOf(grams);
      expect(total).toBe(expected.ngram_totals[i]);
      expectEqual(`distinct-${i + 1}`, unique / total, expected.distinct[i]);
    });
    ngrams.slice(0, 3).forEach((grams, i) => {
      const { unique, total } = distinctOf(grams, 200);
      expectEqual(`capped ${i + 1}`, unique / total, expected.stein_cap200[i]);
    });
  });

  test('frequencies', () => {
    const counts = countsOf(ngrams[0]);
    const { tokens, types: found, once, squares } = frequenciesOf(counts);
    expect([tokens, found, once]).toEqual([expected.tokens, expected.types, expected.hapax]);
    expectEqual('yule', (1e4 * (squares - tokens)) / tokens ** 2, expected.yule_k);
    expectEqual('herdan', Math.log(found) / Math.log(tokens), expected.herdan_c);
    expectEqual('guiraud', found / Math.sqrt(tokens), expected.guiraud_r);
    expectEqual('entropy', entropyOf(counts), expected.entropy_nats);
    expectEqual('normalised', entropyOf(counts) / Math.log(found), expected.entropy_normalised);
    expectEqual('bigrams', entropyOf(countsOf(ngrams[1])), expected.bigram_entropy_nats);
    expectEqual('gini', giniOf(counts), expected.gini);
    const values = vocabulary.compute(written(ofSet(set)), { words: 0, tokenizer: name });
    expectEqual('simpson', values.find(({ variant }) => variant === 'types/simpson-d')!.value, expected.simpson_d);
  });

  test("Heaps' law and Zipf's", () => {
    for (const growth of [expected.heaps, expected.heaps_1000]) {
      if (growth === null) continue;
      const { n, v } = laws.vocabularyGrowth(encoded.texts, types, growth.step);
      expect([n, v]).toEqual([growth.n, growth.v]);
      const loglog = laws.heapsLogLog(n, v);
      for (const key of ['K', 'beta', 'r2'] as const) if (growth.loglog) expectEqual(key, loglog![key], growth.loglog[key]);
      const nonlinear = laws.heapsNonlinear(n, v);
      for (const key of ['K', 'beta'] as const)
        if (growth.nonlinear) expectEqual(`nonlinear ${key}`, nonlinear![key], growth.nonlinear[key], 1e-6);
    }
    for (const [ranks, zipf] of [
      [Infinity, expected.zipf_all],
      [100, expected.zipf_top100],
    ] as const) {
      const frequencies = laws.ranked(countsOf(ngrams[0]), ranks);
      expect(frequencies.length).toBe(zipf.ranks);
      const line = laws.zipfLeastSquares(frequencies)!;
      for (const key of ['exponent', 'intercept', 'r2'] as const) expectEqual(key, line[key], zipf[key]);
      expectEqual('mle', laws.zipfMaximumLikelihood(frequencies), zipf.mle_exponent, 1e-6);
    }
  });

  test('moving averages, MTLD, repetition', () => {
    expectEqual('mattr50', movingAverageTtr(words, types, 50), expected.mattr50);
    expectEqual('mattr100', movingAverageTtr(words, types, 100), expected.mattr100);
    expectEqual('lexdiv', mtld(words, types, MTLD_FORMS['lexical-diversity']), expected.mtld_lexdiv);
    expectEqual('lexicalrichness', mtld(words, types, MTLD_FORMS.lexicalrichness), expected.mtld_lexicalrichness);
    expectEqual('own', mtld(words, types, MTLD_FORMS['no-minimum']), expected.mtld_own);
    const mean = encoded.texts.reduce((sum, text) => sum + draysonDiversity(text), 0) / encoded.texts.length;
    expectEqual('drayson', mean, expected.mean_drayson_diversity);
  });
});

test('within each text: MTLD as three libraries cut it, from every word on too, and moving averages', () => {
  const byId = new Map(texts.map(({ id, text }) => [id, text]));
  let moving = 0;
  for (const set of Object.values<any>(reference.sets))
    for (const [id, expected] of Object.entries<any>(set['lower-split'].per_text)) {
      const {
        texts: own,
        words: { length: size },
      } = encode([byId.get(id)!], TOKENIZERS['lower-split']);
      if (own[0].length === 0) continue; // 0 there, not defined here
      expectEqual(`${id} mattr`, movingAverageTtr(own[0], size, 10), expected.mattr10);
      if (expected.mtld_ma_bid !== null) expectEqual(`${id} moving`, movingMtld(own[0], size), expected.mtld_ma_bid); // where the library ends
      for (const [form, key] of [
        ['lexical-diversity', 'mtld_lexdiv'],
        ['lexicalrichness', 'mtld_lexicalrichness'],
        ['no-minimum', 'mtld_own'],
      ] as const)
        // prettier-ignore
        if (typeof expected[key] === 'number') expectEqual(`${id} ${key}`, mtld(own[0], size, MTLD_FORMS[form]), expected[key]);
      if (expected.mtld_ma_bid > 0) moving++;
    }
  expect(moving).toBeGreaterThan(100);
});

test('MTLD from every word on is what a look at every stretch finds, and takes no longer than n log n', () => {
  const slow = (words: number[]): number => {
    const ends = words.flatMap((_, x) => {
      const seen = new Set<number>();
      for (let y = x; y < words.length; y++) {
        seen.add(words[y]);
        if (y - x >= 9 && 25 * seen.size < 18 * (y - x + 1)) return [y - x + 1];
      }
      return [];
    });
    return ends.length === 0 ? 0 : ends.reduce((a, b) => a + b) / ends.length;
  };
  const rng = new CounterRng({ seed: 1, generation: 0, member: 'test', step: 'mtld' });
  for (let round = 0; round < 25; round++) {
    const kinds = 2 + 3 * round;
    const words = Array.from({ length: 5 + 4 * round }, (_, i) => Math.floor(rng.uniform(round, i) * kinds));
    expectEqual(`${round}`, movingMtld(Int32Array.from(words), kinds), (slow(words) + slow(words.toReversed())) / 2);
  }
  // stretches of more words than are looked at one by one
  const long = Array.from({ length: 1_500 }, (_, i) => Math.floor(rng.uniform(1_000, i) * 900));
  expect(slow(long)).toBeGreaterThan(512);
  expectEqual('long', movingMtld(Int32Array.from(long), 900), (slow(long) + slow(long.toReversed())) / 2);
  // words that never come again: a stretch from each to the end would be 2e9 looks
  expect(
    movingMtld(
      Int32Array.from({ length: 60_000 }, (_, i) => i),
      60_000,
    ),
  ).toBe(0);
  expect(movingMtld(new Int32Array(60_000), 1)).toBe(10);
});

test('within a text: HD-D, and type-token ratios as means over texts', () => {
  const perText = reference.sets.wiki['lower-split'].per_text as Record<string, { tokens: number; hdd42: number | null }>;
  const byId = new Map(texts.map(({ id, text }) => [id, text]));
  let measured = 0;
  for (const [id, { tokens, hdd42 }] of Object.entries(perText)) {
    const value = hypergeometricDiversity(
      countsOf(ngramsUpTo(encode([byId.get(id)!], TOKENIZERS['lower-split']).texts, 1)[0]),
      42,
    );
    if (value === undefined) expect(tokens).toBeLessThan(42);
    else expectEqual(id, value, hdd42!);
    if (value !== undefined) measured++;
  }
  expect(measured).toBeGreaterThan(20);
  for (const set of ['wiki', 'ewt', 'collapsed']) {
    const { per_text: _, ...expected } = reference.sets[set]['lower-split'];
    const rows = ttrs.find(({ variant }) => variant === 'per-text')!.compute(written(ofSet(set)), { texts: 0 });
    const all = ofSet(set).length;
    expectEqual('ttr', rows[0].value, expected.mean_ttr_per_text);
    // the reference counts a text without such an n-gram as 0, here it is left out
    rows.forEach(({ value, n }, i) => expectEqual(`${i}`, (value * n) / all, (expected as any).mean_distinct_per_text[i]));
  }
});

test.each(['collapsed', 'ewt'])('tail of wiki in %s', (written) => {
  const [real, generated] = [ofSet('wiki'), ofSet(written)];
  for (const [name, expected] of Object.entries(reference[`tails_wiki_vs_${written}` as 'tails_wiki_vs_ewt'])) {
    const tokenize = TOKENIZERS[name as TokenizerName];
    const tail = tailOfWords(encode(real, tokenize), encode(generated, tokenize), 0.05)!;
    expect([tail.types, tail.newTypes]).toEqual([expected.tail_types, expected.new_types]);
    expectEqual('real', tail.rateReference, expected.tail_token_rate_real);
    expectEqual('written', tail.rateWritten, expected.tail_token_rate_generated);
    expectEqual('coverage', tail.coverage, expected.vocabulary_coverage);
  }
});

test('weights', () => {
  for (const { weights, gini, entropy_nats } of reference.vectors) {
    expectEqual('gini', giniOf(weights), gini);
    expectEqual('entropy', entropyOf(weights), entropy_nats);
  }
});

test("Python's rounding", () => {
  for (const { unique, total, python_round } of reference.rounding)
    expect([unique, total, pythonRound2(100 * (1 - unique / total))]).toEqual([unique, total, python_round]);
});

test('strings in the order of code points', () => {
  expect(['\u{1f600}', '\uffee', 'b', 'ab', 'a', ''].sort(byCodePoints)).toEqual(['', 'a', 'ab', 'b', '\uffee', '\u{1f600}']);
});
