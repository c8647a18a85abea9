/** k-means clusters of vectors. */
import { CounterRng } from '../common/philox.js';
import type { Vectors } from './vectors.js';

export interface KMeansSettings {
  readonly clusters: number;
  readonly seed: number;
  /** starts, of which the best is kept */
  readonly starts: number;
  /** steps of each start at most; it ends where no vector changes its cluster */
  readonly steps: number;
}

/** The cluster, in [0, clusters), of each vector; there are at least as many vectors as clusters. */
export function kMeans(vectors: Vectors, { clusters, seed, starts, steps }: KMeansSettings): Int32Array {
  const rng = new CounterRng({ seed, generation: 0, member: '', step: 'k-means' });
  let best: Clustering | undefined;
  for (let start = 0; start < starts; start++) {
    const chosen = rng.permutation(vectors.count, start).subarray(0, clusters);
    const found = lloyd(vectors, chosen, steps);
    if (best === undefined || found.cost < best.cost) best = found;
  }
  return best!.clusters;
}

interface Clustering {
  readonly clusters: Int32Array;
  /** Σ of squared distances from the clusters' means */
  readonly cost: number;
}

/** Lloyd's steps from given vectors as the first means. A cluster without vectors takes the one that lies farthest from its mean, if any does not lie in it. */
function lloyd({ count, dimensions: d, data }: Vectors, chosen: ArrayLike<number>, steps: number): Clustering {
  const k = chosen.length;
  const means = new Float64Array(k * d);
  Array.from(chosen).forEach((i, c) => means.set(data.subarray(i * d, (i + 1) * d), c * d));
  const clusters = new Int32Array(count).fill(-1);
  const distances = new Float64Array(count);
  const sizes = new Int32Array(k);
  for (let step = 0; step < steps; step++) {
    let moved = false;
    for (let i = 0; i < count; i++) {
      const nearest = nearestMean(data, i * d, means, k, d, distances, i);
      if (nearest !== clusters[i]) moved = true;
      clusters[i] = nearest;
    }
    if (!moved) break;
    sizes.fill(0);
    for (const c of clusters) sizes[c]++;
    for (let c = 0; c < k; c++) {
      if (sizes[c] > 0) continue;
      let farthest = -1;
      for (let i = 0; i < count; i++) if (distances[i] > 0 && (farthest < 0 || distances[i] > distances[farthest])) farthest = i;
      if (farthest < 0) break; // every vector is a mean: some clusters stay empty
      sizes[clusters[farthest]]--;
      sizes[c] = 1;
      clusters[farthest] = c;
      distances[farthest] = 0;
    }
    for (let c = 0; c < k; c++) if (sizes[c] > 0) means.fill(0, c * d, (c + 1) * d);
    for (let i = 0; i < count; i++) for (let x = 0; x < d; x++) means[clusters[i] * d + x] += data[i * d + x];
    for (let c = 0; c < k; c++) for (let x = 0; x < d; x++) means[c * d + x] /= sizes[c] || 1;
  }
  return { clusters, cost: distances.reduce((sum, square) => sum + square, 0) };
}

/** The mean that is nearest, the first of those as near; its squared distance goes into distances[i]. */
function nearestMean(
  data: Float64Array,
  at: number,
  means: Float64Array,
  k: number,
  d: number,
  distances: Float64Array,
  i: number,
): number {
  let [nearest, least] = [0, Infinity];
  for (let c = 0; c < k; c++) {
    const mean = c * d;
    let square = 0;
    for (let x = 0; x < d && square < least; x++) square += (data[at + x] - means[mean + x]) ** 2;
    if (square < least) [nearest, least] = [c, square];
  }
  distances[i] = least;
  return nearest;
}
