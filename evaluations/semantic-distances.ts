/** How far texts lie from each other in meaning: sums over pairs of their vectors. */
import { eachRowOfDots, eachRowOfSquares, meanVector, type Vectors } from './vectors.js';

export interface EuclideanSpread {
  /** Σ over all ordered pairs, a vector with itself among them, of the distance, divided by N² */
  readonly pairs: number;
  /** mean distance from the plain mean */
  readonly centre: number;
  /** of each vector: mean distance to all, itself among them */
  readonly rows: Float64Array;
  readonly centreDistances: Float64Array;
}

/** Undefined of fewer than two vectors, which have no pair. */
export function euclideanSpread(vectors: Vectors): EuclideanSpread | undefined {
  const { count, dimensions: d, data } = vectors;
  if (count < 2) return undefined;
  const rows = new Float64Array(count);
  eachRowOfSquares(
    vectors,
    vectors,
    (i, row) => {
      for (let j = i + 1; j < count; j++) {
        const distance = Math.sqrt(row[j]);
        rows[i] += distance;
        rows[j] += distance;
      }
    },
    true,
  );
  const mean = meanVector(vectors);
  const centreDistances = Float64Array.from({ length: count }, (_, i) => {
    let sum = 0;
    for (let k = 0; k < d; k++) sum += (data[i * d + k] - mean[k]) ** 2;
    return Math.sqrt(sum);
  });
  const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
  return {
    pairs: sum(rows) / count ** 2,
    centre: sum(centreDistances) / count,
    rows: rows.map((value) => value / count),
    centreDistances,
  };
}

/** The standard normal's quantile .975. */
const NORMAL_975 = 1.959963984540054;

export interface CosineSpread {
  /** mean of 1 - cos over all pairs of two */
  readonly pairs: number;
  /** of each vector: mean cosine with the others */
  readonly rows: Float64Array;
  /** half of the 95 % interval: 1.96 standard errors of `pairs`, by leaving out a vector at a time; undefined of two vectors */
  readonly margin?: number;
}

/** @param unit vectors of length 1. Undefined of fewer than two. */
export function cosineSpread(unit: Vectors): CosineSpread | undefined {
  const { count } = unit;
  if (count < 2) return undefined;
  const sums = new Float64Array(count);
  eachRowOfDots(
    unit,
    unit,
    (i, row) => {
      for (let j = i + 1; j < count; j++) {
        sums[i] += row[j];
        sums[j] += row[j];
      }
    },
    true,
  );
  const total = sums.reduce((sum, value) => sum + value, 0);
  const rows = sums.map((value) => value / (count - 1));
  const pairs = 1 - total / (count * (count - 1));
  if (count < 3) return { pairs, rows };
  const without = sums.map((value) => 1 - (total - 2 * value) / ((count - 1) * (count - 2)));
  const mean = without.reduce((sum, value) => sum + value, 0) / count;
  const squares = without.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { pairs, rows, margin: NORMAL_975 * Math.sqrt(((count - 1) / count) * squares) };
}
