/** Distances of vectors against mauve-text, scipy, and plain float64 implementations (golden/distribution, golden/semantic). */
import { describe, expect, test } from '@jest/globals';
import { areaBelow, divergenceCurve, frontierIntegral, roundHalfEven } from '../../evaluations/divergence-frontier.js';
import { symmetricEigen } from '../../evaluations/eigen.js';
import { frechetDistance } from '../../evaluations/frechet-distance.js';
import { kMeans } from '../../evaluations/k-means.js';
import { bucketsFor, mauveOf, mauveScore } from '../../evaluations/mauve-score.js';
import { principalComponents } from '../../evaluations/principal-components.js';
import { energyDistance, medianGamma, mmdSquared, precisionRecall } from '../../evaluations/sample-distances.js';
import { semanticDiversities } from '../../evaluations/semantic-diversity.js';
import { cosineSpread, euclideanSpread } from '../../evaluations/semantic-distances.js';
import { firstVectors, normalised, stacked, vectorsFrom, type Vectors } from '../../evaluations/vectors.js';
import { CounterRng } from '../../common/philox.js';
import { expectEqual, golden } from './reference.js';

interface Discrepancy {
  readonly gamma: number;
  readonly biased: number;
  readonly unbiased: number;
}
type Histograms = Readonly<Record<'p_hist' | 'q_hist', number[]>>;
interface Run extends Histograms {
  readonly num_buckets: number;
  readonly mauve: number;
  readonly frontier_integral: number;
  readonly mauve_star: number;
  readonly frontier_integral_star: number;
}
type Pair = 'P_Q' | 'P_collapsed' | 'P_P';
const distribution = golden<{
  features: Record<'P' | 'Q' | 'collapsed', number[][]>;
  mauve: Record<Pair, { pca_dimensions: number; cumulative_explained_variance: number[]; runs: Run[]; over_seeds: Record<'min' | 'max', number> }> & {
    auto_buckets: { n: number; buckets: number }[];
    P_Q_40_points: Run[];
    frontier: Record<string, Record<'p' | 'q', number[]> & { mauve_by_curve_order: number; frontier_integral: number; curve: number[][] }>;
  };
  frechet: Record<Pair, { fid_eigh: number }> & { fewer_points_than_dimensions: { rows: number; value: { fid_eigh: number } } };
  mmd: { P_Q: Discrepancy[]; P_Q_median: Discrepancy; P_P: Discrepancy; P_collapsed: Discrepancy };
  energy: Record<Pair, Record<'v_statistic' | 'u_statistic', number>>;
  knn_precision_recall: Record<'Q_as_generated' | 'collapsed_as_generated' | 'k3', Record<'k' | 'precision' | 'recall', number>>;
}>('distribution'); // prettier-ignore

const { features } = distribution;
const sets = {
  P: vectorsFrom(features.P),
  Q: vectorsFrom(features.Q),
  collapsed: vectorsFrom(features.collapsed),
};
const pairs = {
  P_Q: [sets.P, sets.Q],
  P_collapsed: [sets.P, sets.collapsed],
  P_P: [sets.P, vectorsFrom(features.P)],
} satisfies Record<Pair, readonly [Vectors, Vectors]>;
const PAIRS = Object.keys(pairs) as Pair[];

describe('Fréchet', () => {
  test.each(PAIRS)('%s', (pair) => {
    expectEqual(pair, frechetDistance(...pairs[pair]), distribution.frechet[pair].fid_eigh, 1e-8);
  });

  test('fewer vectors than dimensions; fewer than two', () => {
    const { rows, value } = distribution.frechet.fewer_points_than_dimensions;
    expectEqual('few', frechetDistance(firstVectors(sets.P, rows), firstVectors(sets.Q, rows)), value.fid_eigh, 1e-8);
    expect(frechetDistance(sets.P, firstVectors(sets.Q, 1))).toBeUndefined();
  });
});

test('eigenvectors of a symmetric matrix put it together again; degenerate and tiny ones, too', () => {
  const rng = new CounterRng({ seed: 1, generation: 0, member: '', step: 'test' });
  for (const n of [1, 2, 3, 30]) {
    const half = Float64Array.from({ length: n * n }, (_, i) => rng.normal(i, n));
    for (const matrix of [half.map((_, i) => half[i] + half[(i % n) * n + Math.floor(i / n)]), new Float64Array(n * n)]) {
      const { values, vectors } = symmetricEigen(matrix, n);
      for (let i = 0; i < n; i++)
        for (let j = 0; j < n; j++) {
          let [sum, product] = [0, 0];
          for (let k = 0; k < n; k++) {
            sum += values[k] * vectors[k * n + i] * vectors[k * n + j];
            product += vectors[i * n + k] * vectors[j * n + k];
          }
          expect(Math.abs(sum - matrix[i * n + j])).toBeLessThan(1e-12);
          expect(Math.abs(product - (i === j ? 1 : 0))).toBeLessThan(1e-12);
        }
    }
  }
});

describe('MMD, energy, precision and recall', () => {
  const same = (what: string, found: ReturnType<typeof mmdSquared>, biased: number, unbiased: number) => {
    expectEqual(`${what} biased`, found?.biased, biased);
    expectEqual(`${what} unbiased`, found?.unbiased, unbiased);
  };

  test('MMD with a given gamma and with the median of distances', () => {
    const { mmd } = distribution;
    for (const { gamma, biased, unbiased } of mmd.P_Q) same('P Q', mmdSquared(sets.P, sets.Q, gamma), biased, unbiased);
    for (const pair of ['P_P', 'P_collapsed'] as const)
      same(pair, mmdSquared(...pairs[pair], mmd[pair].gamma), mmd[pair].biased, mmd[pair].unbiased);
    const gamma = medianGamma(sets.P, sets.Q);
    expectEqual('gamma', gamma, mmd.P_Q_median.gamma);
    same('median', mmdSquared(sets.P, sets.Q, gamma!), mmd.P_Q_median.biased, mmd.P_Q_median.unbiased);
    expect(mmdSquared(sets.P, firstVectors(sets.Q, 1), 1)?.unbiased).toBeUndefined();
    expect(medianGamma(vectorsFrom([[1, 2]]), vectorsFrom([[1, 2]]))).toBeUndefined();
  });

  test.each(PAIRS)('energy: %s', (pair) => {
    const { v_statistic, u_statistic } = distribution.energy[pair];
    same(pair, energyDistance(...pairs[pair]), v_statistic, u_statistic);
  });

  test('precision and recall', () => {
    const { Q_as_generated, k3, collapsed_as_generated } = distribution.knn_precision_recall;
    for (const { k, precision, recall } of [Q_as_generated, k3])
      expect(precisionRecall(sets.P, sets.Q, k)).toEqual({ precision, recall });
    const { k, precision, recall } = collapsed_as_generated;
    expect(precisionRecall(sets.P, sets.collapsed, k)).toEqual({ precision, recall });
    expect(precisionRecall(sets.P, firstVectors(sets.Q, 5), 5)).toBeUndefined();
  });
});

describe('MAUVE', () => {
  const { frontier, auto_buckets } = distribution.mauve;

  test.each(Object.entries(frontier))('from histograms: %s', (_, { p, q, ...expected }) => {
    const curve = divergenceCurve(p, q, 5);
    expect(curve).toHaveLength(expected.curve.length);
    curve.forEach((point, i) => point.forEach((value, axis) => expectEqual(`point ${i}`, value, expected.curve[i][axis], 1e-12)));
    expectEqual('area', areaBelow(curve), expected.mauve_by_curve_order, 1e-12);
    expectEqual('integral', frontierIntegral(p, q), expected.frontier_integral, 1e-12);
  });

  test.each(PAIRS)('%s: from the library’s histograms, and from features inside its spread over seeds', (pair) => {
    const { runs, over_seeds, pca_dimensions, cumulative_explained_variance } = distribution.mauve[pair];
    const [p, q] = pairs[pair];
    for (const { p_hist, q_hist, num_buckets, ...expected } of runs) {
      const found = mauveOf(p_hist, q_hist, 5);
      expectEqual('mauve', found.mauve, expected.mauve, 1e-12);
      expectEqual('integral', found.frontierIntegral, expected.frontier_integral, 1e-12);
      const more = (bins: number[], n: number) => bins.map((share) => Math.round(share * n) + 0.5);
      const star = mauveOf(more(p_hist, p.count), more(q_hist, q.count), 5);
      expectEqual('mauve*', star.mauve, expected.mauve_star, 1e-12);
      expectEqual('integral*', star.frontierIntegral, expected.frontier_integral_star, 1e-12);
      expect(bucketsFor(p.count, q.count)).toBe(num_buckets);
    }
    const { explained } = principalComponents(normalised(stacked(q, p))!, 0.9);
    cumulative_explained_variance.forEach((share, i) => expectEqual('explained', explained[i], share, 1e-6));
    const found = Array.from({ length: 5 }, (_, seed) => mauveScore(p, q, { buckets: 0, seed, scaling: 5 })!);
    expect(found[0].components).toBe(pca_dimensions);
    const mean = found.reduce((sum, one) => sum + one.mauve / 5, 0);
    expect(mean).toBeGreaterThanOrEqual(over_seeds.min);
    expect(mean).toBeLessThanOrEqual(over_seeds.max);
  });

  test('of forty vectors, from the library’s histograms', () => {
    for (const { p_hist, q_hist, mauve, frontier_integral } of distribution.mauve.P_Q_40_points) {
      const found = mauveOf(p_hist, q_hist, 5);
      expectEqual('mauve', found.mauve, mauve, 1e-12);
      expectEqual('integral', found.frontierIntegral, frontier_integral, 1e-12);
    }
  });

  test('over seeds as mauve-text with faiss 1.15.1', () => {
    // mean and standard deviation of its own values over seeds 0 to 39 on the same features
    const library = {
      P_Q: { mean: 0.5470914431997207, sd: 0.0133595 },
      P_collapsed: { mean: 0.011274572377631348, sd: 0.0037532 },
    };
    for (const [pair, { mean, sd }] of Object.entries(library)) {
      const [p, q] = pairs[pair as Pair];
      const values = Array.from({ length: 40 }, (_, seed) => mauveScore(p, q, { buckets: 0, seed, scaling: 5 })!.mauve);
      const own = values.reduce((sum, value) => sum + value / 40, 0);
      // three standard errors of a difference of two such means
      expect(Math.abs(own - mean)).toBeLessThan(3 * sd * Math.sqrt(2 / 40));
    }
  });

  test('buckets round half to even; what is not defined', () => {
    for (const { n, buckets } of auto_buckets) expect(bucketsFor(n, n)).toBe(buckets);
    expect([0.5, 1.5, 2.5, 2.4, 2.6].map(roundHalfEven)).toEqual([0, 2, 2, 2, 3]);
    const settings = { buckets: 0, seed: 1, scaling: 5 };
    expect(mauveScore(vectorsFrom([]), sets.Q, settings)).toBeUndefined();
    expect(mauveScore(vectorsFrom([[0, 0]]), vectorsFrom([[1, 0]]), settings)).toBeUndefined();
    expect(mauveScore(vectorsFrom([[1, 0]]), vectorsFrom([[1, 0]]), settings)?.mauve).toBe(1);
  });

  test('k-means finds clusters that lie apart; equal vectors fill every cluster', () => {
    const centres = [[0, 0], [9, 0], [0, 9]]; // prettier-ignore
    const rows = Array.from({ length: 60 }, (_, i) => centres[i % 3].map((x, k) => x + ((i * (k + 3)) % 7) / 10));
    const clusters = kMeans(vectorsFrom(rows), { clusters: 3, seed: 1, starts: 5, steps: 50 });
    clusters.forEach((cluster, i) => expect(cluster).toBe(clusters[i % 3]));
    expect(new Set(clusters).size).toBe(3);
    const equal = kMeans(vectorsFrom(Array.from({ length: 4 }, () => [1, 1])), { clusters: 2, seed: 1, starts: 1, steps: 9 });
    expect(equal).toHaveLength(4);
  });
});

interface Spread {
  readonly as_is: Euclidean;
  readonly normalised: Euclidean | null;
  readonly cosine?: { schaffelder_1_minus_cos: number; guo_half: { mean: number; jackknife_margin95: number | null }; row_mean_similarity: number[] } | null; // prettier-ignore
}
interface Euclidean {
  readonly l2_pairwise_stein: number;
  readonly l2_pairwise_off_diagonal: number;
  readonly l2_centroid_stein: number;
  readonly row_mean_distance: number[];
  readonly centroid_distance: number[];
}

describe('D_sem', () => {
  const semantic = golden<{
    embeddings: number[][];
    expected: Spread;
    small: Record<string, { embeddings: number[][]; expected: Spread }>;
  }>('semantic');
  const cases = { eighty: semantic, ...semantic.small };

  test.each(Object.entries(cases))('%s', (_, { embeddings, expected }) => {
    const vectors = vectorsFrom(embeddings);
    const unit = normalised(vectors);
    if (vectors.count === 1) {
      // the reference says 0 of one vector; here what has no pair has no value
      expect(euclideanSpread(vectors)).toBeUndefined();
      expect(cosineSpread(unit!)).toBeUndefined();
      return;
    }
    const same = (found: ReturnType<typeof euclideanSpread>, of: Euclidean) => {
      expectEqual('pairs', found?.pairs, of.l2_pairwise_stein);
      expectEqual('centre', found?.centre, of.l2_centroid_stein);
      of.row_mean_distance.forEach((value, i) => expectEqual(`row ${i}`, found?.rows[i], value));
      of.centroid_distance.forEach((value, i) => expectEqual(`centre ${i}`, found?.centreDistances[i], value));
    };
    same(euclideanSpread(vectors), expected.as_is);
    if (expected.normalised === null) {
      expect(unit).toBeUndefined();
      return;
    }
    same(euclideanSpread(unit!), expected.normalised);
    const found = cosineSpread(unit!);
    const { schaffelder_1_minus_cos, guo_half, row_mean_similarity } = expected.cosine!;
    expectEqual('1 - cos', found?.pairs, schaffelder_1_minus_cos);
    expectEqual('half', found!.pairs / 2, guo_half.mean);
    if (guo_half.jackknife_margin95 === null) expect(found?.margin).toBeUndefined();
    else expectEqual('margin', found!.margin! / 2, guo_half.jackknife_margin95);
    row_mean_similarity.forEach((value, i) => expectEqual(`row ${i}`, found?.rows[i], value));
  });

  test('the rows of Stein’s variant', () => {
    const columns = Object.fromEntries(
      semantic.embeddings[0].map((_, k) => [`embedding_${k}`, semantic.embeddings.map((row) => row[k])]),
    );
    const input = { records: {}, tables: { 'embedding/generated/encoder': { columns } } };
    for (const normalize of [true, false]) {
      const of = normalize ? semantic.expected.normalised! : semantic.expected.as_is;
      const rows = semanticDiversities[0].compute(input, { texts: 0, encoder: '', normalize });
      expect(rows.map(({ variant, n }) => [variant, n])).toEqual([['stein', 80], ['stein/centroid', 80], ['stein/different-texts', 80]]); // prettier-ignore
      [of.l2_pairwise_stein, of.l2_centroid_stein, of.l2_pairwise_off_diagonal].forEach((value, i) =>
        expectEqual(rows[i].variant, rows[i].value, value),
      );
    }
  });

  test('equal vectors lie at no distance, in whichever block they are; the laws of unit vectors', () => {
    const rng = new CounterRng({ seed: 2, generation: 0, member: '', step: 'test' });
    const rows = Array.from({ length: 150 }, (_, i) => Array.from({ length: 7 }, (_, k) => rng.normal(k, i % 50)));
    const unit = normalised(vectorsFrom(rows))!;
    const { pairs: mean, centreDistances } = euclideanSpread(unit)!;
    let direct = 0;
    for (const a of rows.keys())
      for (const b of rows.keys()) direct += Math.hypot(...rows[0].map((_, k) => unit.data[a * 7 + k] - unit.data[b * 7 + k]));
    expectEqual('pairs', mean, direct / 150 ** 2);
    // mean squared distance from the mean is 1 less the mean's squared length
    const centre = rows[0].map((_, k) => rows.reduce((sum, _, i) => sum + unit.data[i * 7 + k] / 150, 0));
    const squares = centreDistances.reduce((sum, distance) => sum + distance ** 2 / 150, 0);
    expectEqual('identity', squares, 1 - centre.reduce((sum, x) => sum + x ** 2, 0));
    expect(euclideanSpread(vectorsFrom(rows.slice(0, 2).map(() => rows[0])))!.pairs).toBe(0);
  });
});
