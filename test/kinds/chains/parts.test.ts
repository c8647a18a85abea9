import { describe, expect, test } from '@jest/globals';
import { CounterRng } from '../../../common/philox.js';
import { AliasTable, Draws } from '../../../kinds/chains/host/draws.js';
import { fitMixture } from '../../../kinds/chains/host/em.js';
import { cholesky, logDeterminant, solveCholesky, symmetricEigenvalues } from '../../../kinds/chains/host/linear.js';
import { mergeMoments, momentsOf } from '../../../kinds/chains/host/moments.js';
import { countGrams, mergeTables } from '../../../kinds/chains/host/ngram-counts.js';
import { ngram } from '../../../kinds/chains/host/ngram.js';

const draws = (seed = 1) => new Draws(new CounterRng({ seed, generation: 0, member: 'm', step: 'simulate' }), 0, 'fit');

describe('linear algebra', () => {
  // 4 12 -16; 12 37 -43; -16 -43 98 has the factor 2 0 0; 6 1 0; -8 5 3
  const a = Float64Array.of(4, 12, -16, 12, 37, -43, -16, -43, 98);

  test('Cholesky, determinant and solution of a textbook matrix', () => {
    const l = cholesky(a, 3);
    expect([...l]).toEqual([2, 0, 0, 6, 1, 0, -8, 5, 3]);
    expect(logDeterminant(l, 3)).toBeCloseTo(Math.log(36), 13);
    expect([...solveCholesky(l, Float64Array.of(0, 6, 39), 3)].map((x) => Math.round(x * 1e9) / 1e9)).toEqual([1, 1, 1]);
  });

  test('a direction without variance is a zero column', () => {
    expect([...cholesky(Float64Array.of(1, 1, 1, 1), 2)]).toEqual([1, 0, 1, 0]);
    expect(logDeterminant(cholesky(Float64Array.of(1, 1, 1, 1), 2), 2)).toBe(-Infinity);
  });

  test('eigenvalues of the path graph’s Laplacian: 2 - 2 cos(πk/n)', () => {
    const n = 6;
    const laplacian = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      laplacian[i * n + i] = i === 0 || i === n - 1 ? 1 : 2;
      if (i > 0) laplacian[i * n + i - 1] = laplacian[(i - 1) * n + i] = -1;
    }
    const found = [...symmetricEigenvalues(laplacian, n)].sort((x, y) => x - y);
    found.forEach((value, k) => expect(value).toBeCloseTo(2 - 2 * Math.cos((Math.PI * k) / n), 12));
  });
});

test('moments of parts together are the moments of all', () => {
  const points = draws().normals(new Float64Array(60));
  const all = momentsOf(points, 20, 3);
  const parts = mergeMoments([
    momentsOf(points.subarray(0, 21), 7, 3),
    momentsOf(points.subarray(21, 24), 1, 3),
    momentsOf(points.subarray(24), 12, 3),
  ]);
  expect(parts.n).toBe(20);
  all.scatter.forEach((s, i) => expect(parts.scatter[i]).toBeCloseTo(s, 12));
  all.mean.forEach((m, i) => expect(parts.mean[i]).toBeCloseTo(m, 13));
});

test('the alias table draws in proportion, and never what has no weight', () => {
  const weights = [0, 5, 1, 0, 3, 1];
  const table = new AliasTable(weights);
  const source = draws();
  const counts = new Array<number>(6).fill(0);
  for (let i = 0; i < 50_000; i++) counts[table.draw(source)]++;
  expect([counts[0], counts[3]]).toEqual([0, 0]);
  const chi2 = [1, 2, 4, 5].reduce((sum, i) => sum + (counts[i] - weights[i] * 5000) ** 2 / (weights[i] * 5000), 0);
  expect(chi2).toBeLessThan(16.3); // three degrees of freedom, 99.9 %
});

test('EM finds two blobs that are far apart', () => {
  const source = draws();
  const points = source.normals(new Float64Array(800));
  for (let r = 0; r < 400; r++) points[2 * r] += r < 100 ? -10 : 10;
  const model = fitMixture(points, 400, 2, { components: 2, tolerance: 1e-8, maxIterations: 200, regularization: 0 }, source);
  const small = model.weights[0] < 0.5 ? 0 : 1;
  expect(model.weights[small]).toBeCloseTo(0.25, 6);
  // with no overlap the maximum-likelihood fit is each blob's own mean and covariance
  const own = momentsOf(points.subarray(0, 200), 100, 2);
  expect(model.means[2 * small]).toBeCloseTo(own.mean[0], 6);
  expect(model.covariances[4 * small + 1]).toBeCloseTo(own.scatter[1] / 100, 6);
});

describe('n-grams', () => {
  const world = (train: string, test_: string, order: 1 | 2 | 3, interpolation: number[]) =>
    ngram.world({
      plan: { family: 'n-gram', order, interpolation, tail: 0.2 },
      size: 0,
      records: false,
      draws: draws(),
      text: { train, test: test_ },
    });

  test('perplexity by hand: back-off where a context was never seen, uniform for what is unknown', () => {
    // tokens: a b a c <eos>, five; types: <eos>, <unk>, a, b, c
    const w = world('a b a c\n', 'b a d\n', 2, [0.7, 0.29, 0.01]);
    const data = ngram.real(w, 5, draws());
    const model = ngram.fit(w, data, draws());
    const uniform = 0.01 / 5;
    const p = [
      0.7 * 0.2 + 0.29 * 0.2 + uniform, // b after <eos>, which ends the text: no context, backs off
      0.7 * 1 + 0.29 * 0.4 + uniform, // a after b
      uniform, // <unk> after a
      0.7 * 0 + 0.7 * 0.2 + 0.29 * 0.2 + uniform, // <eos> after <unk>, never seen: backs off
    ];
    const expected = Math.exp(-p.reduce((sum, x) => sum + Math.log(x), 0) / 4);
    expect(ngram.measure(w, model, data)[0]).toBeCloseTo(expected, 12);
  });

  test('counts of parts together, and what a chain may write', () => {
    const tokens = Int32Array.of(2, 3, 2, 3, 4, 2, 3, 3);
    const [unigrams, bigrams] = countGrams(tokens, 2, 10);
    expect([[...unigrams.keys], [...unigrams.ends]]).toEqual([
      [2, 3, 4],
      [3, 7, 8],
    ]);
    expect([[...bigrams.keys], [...bigrams.ends]]).toEqual([
      [23, 32, 33, 34, 42],
      [3, 4, 5, 6, 7],
    ]);
    const [more] = countGrams(Int32Array.of(4, 9), 1, 10);
    expect([[...mergeTables(unigrams, more).keys], [...mergeTables(unigrams, more).ends]]).toEqual([
      [2, 3, 4, 9],
      [3, 7, 9, 10],
    ]);
    const w = world('a b c\nc a b\n', 'a\n', 2, [0.7, 0.29, 0.01]);
    const real = ngram.real(w, 8, draws());
    const written = ngram.generate(w, ngram.fit(w, real, draws()), 500, draws());
    const seen = new Set(real.tables[1].keys);
    expect(written.n).toBe(500);
    for (const key of written.tables[1].keys) expect(seen.has(key)).toBe(true);
  });
});
