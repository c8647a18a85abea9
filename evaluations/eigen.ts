/** Eigenvalues and eigenvectors of symmetric matrices, row by row in one array. */

export interface Eigen {
  /** in no order */
  readonly values: Float64Array;
  /** (n, n): row i is the eigenvector, of length 1, of values[i] */
  readonly vectors: Float64Array;
}

/**
 * Householder's reflections to a tridiagonal matrix, then implicit QL steps with Wilkinson's shift; of n = 768 in seconds.
 * @param matrix (n, n), symmetric; left as it is
 * @param wanted whether eigenvectors are; else `vectors` is empty
 * Source: Golub & Van Loan, Matrix Computations (2013), 8.3.
 */
export function symmetricEigen(matrix: Float64Array, n: number, wanted = true): Eigen {
  const a = matrix.slice();
  /** reflection k: I - factors[k] v vᵀ, v in row k of `a` behind place k */
  const factors = new Float64Array(n);
  const beside = new Float64Array(n);
  const p = new Float64Array(n);
  for (let k = 0; k + 2 < n; k++) {
    const v = a.subarray(k * n, (k + 1) * n);
    let rest = 0;
    for (let i = k + 2; i < n; i++) rest += v[i] ** 2;
    const first = v[k + 1];
    if (rest === 0) {
      beside[k] = first;
      continue;
    }
    const length = Math.sqrt(first ** 2 + rest);
    beside[k] = first > 0 ? -length : length;
    v[k + 1] = first - beside[k];
    const factor = (factors[k] = 2 / (v[k + 1] ** 2 + rest));
    let along = 0;
    for (let i = k + 1; i < n; i++) {
      let sum = 0;
      const row = i * n;
      for (let j = k + 1; j < n; j++) sum += a[row + j] * v[j];
      p[i] = factor * sum;
      along += p[i] * v[i];
    }
    for (let i = k + 1; i < n; i++) p[i] -= (factor / 2) * along * v[i];
    for (let i = k + 1; i < n; i++) {
      const [row, vi, pi] = [i * n, v[i], p[i]];
      for (let j = k + 1; j < n; j++) a[row + j] -= vi * p[j] + pi * v[j];
    }
  }
  if (n > 1) beside[n - 2] = a[(n - 2) * n + n - 1];
  const values = Float64Array.from({ length: n }, (_, i) => a[i * n + i]);
  const vectors = new Float64Array(wanted ? n * n : 0);
  if (wanted) {
    // the transpose of the product of all reflections, so that eigenvectors are rows
    for (let i = 0; i < n; i++) vectors[i * n + i] = 1;
    for (let k = n - 3; k >= 0; k--) {
      if (factors[k] === 0) continue;
      const v = a.subarray(k * n, (k + 1) * n);
      for (let i = k + 1; i < n; i++) {
        const row = i * n;
        let sum = 0;
        for (let j = k + 1; j < n; j++) sum += vectors[row + j] * v[j];
        for (let j = k + 1; j < n; j++) vectors[row + j] -= factors[k] * sum * v[j];
      }
    }
  }
  diagonalise(values, beside, vectors, n);
  return { values, vectors };
}

/** Steps that no symmetric matrix of numbers has ever needed. */
const MOST_STEPS = 100;

/** @param beside [i]: between values[i] and values[i + 1] @param rows turned along, where there are any */
function diagonalise(values: Float64Array, beside: Float64Array, rows: Float64Array, n: number): void {
  let size = 0;
  for (let i = 0; i < n; i++) size = Math.max(size, Math.abs(values[i]) + Math.abs(beside[i]));
  const nothing = (i: number): boolean =>
    Math.abs(beside[i]) <= Number.EPSILON * Math.max(Math.abs(values[i]) + Math.abs(values[i + 1]), Number.EPSILON * size);
  for (let low = 0; low < n; low++) {
    for (let step = 0; ; step++) {
      let high = low;
      while (high + 1 < n && !nothing(high)) high++;
      if (high === low) break;
      if (step === MOST_STEPS) throw new RangeError('internal: eigenvalues of a matrix that is not of numbers');
      sweep(values, beside, rows, n, low, high);
    }
  }
}

/** One implicit QL step on places low … high. */
function sweep(values: Float64Array, beside: Float64Array, rows: Float64Array, n: number, low: number, high: number): void {
  const half = (values[low + 1] - values[low]) / (2 * beside[low]);
  const root = Math.sqrt(half * half + 1);
  let g = values[high] - values[low] + beside[low] / (half + (half < 0 ? -root : root));
  let [sine, cosine, lag] = [1, 1, 0];
  for (let i = high - 1; i >= low; i--) {
    const f = sine * beside[i];
    const b = cosine * beside[i];
    const length = Math.sqrt(f * f + g * g);
    beside[i + 1] = length;
    if (length === 0) {
      // the matrix falls into two
      values[i + 1] -= lag;
      beside[high] = 0;
      return;
    }
    sine = f / length;
    cosine = g / length;
    g = values[i + 1] - lag;
    const turned = (values[i] - g) * sine + 2 * cosine * b;
    lag = sine * turned;
    values[i + 1] = g + lag;
    g = cosine * turned - b;
    if (rows.length > 0) {
      const [upper, lower] = [i * n, (i + 1) * n];
      for (let k = 0; k < n; k++) {
        const [x, y] = [rows[upper + k], rows[lower + k]];
        rows[lower + k] = sine * x + cosine * y;
        rows[upper + k] = cosine * x - sine * y;
      }
    }
  }
  values[low] -= lag;
  beside[low] = g;
  beside[high] = 0;
}
