/** Fréchet distance of two sets of vectors, as if each were normal. */
import { symmetricEigen } from './eigen.js';
import { covarianceOf, meanVector, type Vectors } from './vectors.js';

/**
 * |m1 - m2|² + tr(S1 + S2 - 2 (S1 S2)^(1/2)), covariances divided by n - 1; undefined of fewer than two vectors. By eigenvalues of
 * S1^(1/2) S2 S1^(1/2), which are real whatever the rank: with fewer vectors than dimensions a matrix square root is off by 1e-6.
 * Source: Heusel et al. (2017), arXiv:1706.08500.
 */
export function frechetDistance(a: Vectors, b: Vectors): number | undefined {
  if (a.count < 2 || b.count < 2) return undefined;
  const { dimensions: d } = a;
  const [meanA, meanB] = [meanVector(a), meanVector(b)];
  const means = meanA.reduce((sum, value, k) => sum + (value - meanB[k]) ** 2, 0);
  const [first, second] = [covarianceOf(a), covarianceOf(b)];
  const { values, vectors } = symmetricEigen(first, d);
  const roots = values.map((value) => Math.sqrt(Math.max(0, value)));
  const middle = new Float64Array(d * d);
  const row = new Float64Array(d);
  for (let i = 0; i < d; i++) {
    if (roots[i] === 0) continue;
    row.fill(0);
    for (let k = 0; k < d; k++) {
      const [weight, at] = [vectors[i * d + k], k * d];
      for (let j = 0; j < d; j++) row[j] += weight * second[at + j];
    }
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < d; k++) sum += row[k] * vectors[j * d + k];
      middle[i * d + j] = middle[j * d + i] = roots[i] * roots[j] * sum;
    }
  }
  const shared = symmetricEigen(middle, d, false).values.reduce((sum, value) => sum + Math.sqrt(Math.max(0, value)), 0);
  let traces = 0;
  for (let k = 0; k < d; k++) traces += first[k * d + k] + second[k * d + k];
  return means + traces - 2 * shared;
}
