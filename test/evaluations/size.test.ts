/** Metrics at an equal size, by laws that hold for any metric or exactly for one; and what single texts have of means over them. */
import { expect, test } from '@jest/globals';
import { CounterRng } from '../../common/philox.js';
import { evaluations } from '../../evaluations/index.js';
import { intervalsOverTexts, perText } from '../../evaluations/per-text.js';
import { sizeOf, sizeProblem, sizeSchema, sizeSettings, valuesOf } from '../../evaluations/size.js';
import { encode } from '../../evaluations/token-ids.js';
import { split } from '../../evaluations/tokenizers.js';
import { defaultsOf, type EvaluationInput } from '../../evaluations/types.js';
import { bootstrapMeans } from '../../statistics/bootstrap.js';

const named = (name: string, variant?: string) => evaluations.find((one) => one.name === name && (variant === undefined || one.variant === variant))!; // prettier-ignore
const rng = new CounterRng({ seed: 1, generation: 0, member: '', step: 'texts' });
const TEXTS = Array.from(
  { length: 60 },
  (_, i) =>
  Array.from({ length: 3 + rng.integer(12, i) }, (_, j) => `w${Math.floor(40 * rng.uniform(i, j + 1) ** 2)}`).join(i % 7 ? ' ' : '  \n'), // prettier-ignore
);
const inputOf = (texts: readonly string[]): EvaluationInput => ({
  records: { generated: { texts, ids: texts.map((_, i) => String(i)), tokens: encode(texts, split).texts.map((row) => Array.from(row)) } }, // prettier-ignore
  tables: {},
  references: texts.map((text) => [text.split(/\s+/).slice(1).join(' '), 'w1 w2 w3']),
});
const INPUT = inputOf(TEXTS);
const at = (words: object) => sizeSettings(sizeSchema.parse(words));
const written = evaluations.filter(({ of, needs }) => of === 'texts' && needs.records?.join() === 'generated' && !needs.truth && !needs.tokenTypes); // prettier-ignore

test('words in subsets: the mean is the expectation over all of them (hypergeometric), the spread none where a subset is the whole', () => {
  const words = TEXTS.map((_, i) => `v${Math.floor(Math.sqrt(i))}`);
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  const [M, N] = [words.length, 12];
  // P(no draw is of a type with m texts) = Π (M - m - i) / (M - i)
  const missed = (m: number): number => Array.from({ length: N }, (_, i) => Math.max(0, M - m - i) / (M - i)).reduce((a, b) => a * b, 1); // prettier-ignore
  const expected = [...counts.values()].reduce((sum, m) => sum + 1 - missed(m), 0);
  const settings = { ...defaultsOf(named('vocabulary')), ...at({ texts: N, samples: 1000 }) };
  const [value, sd] = valuesOf(named('vocabulary'), inputOf(words), settings);
  expect(sd.variant).toBe('types/subset-sd');
  expect(Math.abs(value.value - expected)).toBeLessThan((4 * sd.value) / Math.sqrt(1000));
  expect(sd.value).toBeGreaterThan(0.5);
  expect(value).toMatchObject({ n: N, settings: { 'size.texts': N, 'size.samples': 1000, 'size.seed': 0 } });
});

test.each(written.map((evaluation) => [`${evaluation.name} ${evaluation.variant}`, evaluation] as const))(
  '%s: at the size of all texts what it is without one, where the order of texts says nothing',
  (name, evaluation) => {
    const plain = evaluation.compute(INPUT, defaultsOf(evaluation));
    const sized = valuesOf(evaluation, INPUT, { ...defaultsOf(evaluation), ...at({ texts: TEXTS.length, samples: 3 }) });
    const order = /^(mattr|mtld|heaps|compression-ratio)/.test(name);
    for (const { variant, value, n } of plain) {
      const [own, spread] = [variant, `${variant}/subset-sd`].map((of) => sized.find((row) => row.variant === of)!);
      if (order) expect(spread.n).toBe(3);
      else {
        expect([variant, own.n]).toEqual([variant, n]);
        expect(own.value).toBeCloseTo(value, 10);
        expect(spread.value).toBe(0);
      }
    }
    expect(sized).toHaveLength(2 * plain.length);
  },
);

test('a number of words is met exactly, in words or in token ids, whichever a metric reads; less has no value', () => {
  const settings = { ...defaultsOf(named('vocabulary')), ...at({ words: 101, samples: 4, seed: 3 }) };
  expect(valuesOf(named('vocabulary'), INPUT, settings)[0].n).toBe(101);
  const tokens = TEXTS.map((_, i) => [i, i + 1, i + 2, i + 3]);
  const uneven = { ...INPUT, records: { generated: { ...INPUT.records.generated!, tokens } } };
  const [distinct] = valuesOf(named('distinct-1'), uneven, { tokens: 0, ...at({ words: 30, samples: 2 }) });
  expect(distinct.n).toBe(30);
  const more = { tokens: 0, ...at({ words: 241 }) };
  expect(valuesOf(named('distinct-1'), uneven, more)).toEqual([]);
  expect(valuesOf(named('distinct-1'), uneven, { tokens: 0, ...at({ texts: 61 }) })).toEqual([]);
});

test('references and tables go with their texts; another seed draws others, the same seed the same', () => {
  const rouge = named('rouge');
  const single = perText(rouge, INPUT, { stemmer: false }).get('rouge-score')!;
  const draw = (seed: number) => valuesOf(rouge, INPUT, { stemmer: false, ...at({ texts: 1, samples: 1, seed }) })[0].value;
  for (const seed of [0, 1, 2]) expect(Array.from(single)).toContain(draw(seed));
  expect(draw(5)).toBe(draw(5));
  expect(new Set([0, 1, 2, 3, 4, 5].map(draw)).size).toBeGreaterThan(2);

  const sem = named('d-sem', 'schaffelder');
  const vectors = [[1, 0], [0, 1], [-1, 0]]; // prettier-ignore
  const columns = { embedding_0: vectors.map(([x]) => x), embedding_1: vectors.map(([, y]) => y) };
  const table = { tables: { 'embedding/generated/encoder': { columns } }, records: {} };
  const values = [0, 1, 2, 3, 4, 5, 6, 7].map((seed) => valuesOf(sem, table, { ...defaultsOf(sem), ...at({ texts: 2, samples: 1, seed }) })[0].value); // prettier-ignore
  // 1 - cos of right angles, or of opposites
  for (const value of values) expect([1, 2].some((angle) => Math.abs(value - angle) < 1e-12)).toBe(true);
  expect(new Set(values.map(Math.round)).size).toBe(2);
});

test('what has no size says so, and settings come apart again', () => {
  const size = sizeSchema.parse({ words: 100 });
  expect(sizeProblem(named('perplexity'), {}, size)).toBe('perplexity does not measure written texts, so it has no size');
  expect(sizeProblem(named('rouge'), {}, size)).toBe('rouge reads whole texts: its size is a number of texts');
  expect(sizeProblem(named('distinct-1'), { tokens: 50 }, size)).toContain(
    'the first 50 tokens of a set alone, which is less than 100',
  );
  expect(sizeProblem(named('distinct-1'), { tokens: 0 }, size)).toBeUndefined();
  expect(sizeOf({ tokens: 0, ...sizeSettings(size) })).toEqual({ own: { tokens: 0 }, size });
  expect(sizeOf({ tokens: 0 })).toEqual({ own: { tokens: 0 } });
});

const means = evaluations.filter(({ meansOverTexts }) => meansOverTexts);
test.each(means.map((evaluation) => [`${evaluation.name} ${evaluation.variant}`, evaluation] as const))(
  '%s: the mean of what single texts have is its value',
  (_, evaluation) => {
    const settings = defaultsOf(evaluation);
    const each = perText(evaluation, INPUT, settings);
    const intervals = intervalsOverTexts(evaluation, INPUT, settings);
    expect([...each.keys()].sort()).toEqual([...evaluation.meansOverTexts!].sort());
    for (const [variant, of] of each) {
      const { value, n } = evaluation.compute(INPUT, settings).find((row) => row.variant === variant)!;
      const there = of.filter((one) => !Number.isNaN(one));
      expect(there).toHaveLength(n);
      expect(there.reduce((a, b) => a + b, 0) / n).toBeCloseTo(value, 10);
      const [low, high] = intervals.get(variant)!;
      expect(low <= value && value <= high).toBe(true);
    }
  },
);

test('the bootstrap of a mean: by all four resamples of two items, and by its own standard error', () => {
  expect(bootstrapMeans([[0, 1]])).toEqual([[0, 1]]);
  // 0, 1/2, 1/2, 1 with a quarter each
  expect(bootstrapMeans([[0, 1]], { confidence: 0.4 })).toEqual([[0.5, 0.5]]);
  const values = Array.from({ length: 400 }, (_, i) => rng.normal(i, 77));
  const mean = values.reduce((a, b) => a + b, 0) / 400;
  const error = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0)) / 400;
  const [[low, high], none, some] = bootstrapMeans([values, values.map(() => NaN), [...values.slice(1), NaN]], { draws: 4000 }) as [readonly [number, number], undefined, readonly [number, number]]; // prettier-ignore
  // a quantile of 4000 draws at 2.5 % has a standard error of .042 of theirs
  expect(Math.abs(low - (mean - 1.95996 * error)) / error).toBeLessThan(0.17);
  expect(Math.abs(high - (mean + 1.95996 * error)) / error).toBeLessThan(0.17);
  expect(none).toBeUndefined();
  expect(some[1] - some[0]).toBeCloseTo(high - low, 1);
});
