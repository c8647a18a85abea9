/** Dense linear algebra for a few hundred dimensions at most, row-major, plain loops: the same bits on every machine. */

const { abs, log, max, sign, sqrt } = Math;

/**
 * Lower-triangular L with L Lᵀ = a, of a symmetric positive semidefinite matrix; a direction without variance gives a zero column.
 * @param a d x d
 */
export function cholesky(a: Float64Array, d: number): Float64Array {
  const l = new Float64Array(d * d);
  for (let j = 0; j < d; j++) {
    let pivot = a[j * d + j];
    for (let k = 0; k < j; k++) pivot -= l[j * d + k] ** 2;
    if (!(pivot > a[j * d + j] * 1e-15)) continue;
    const root = (l[j * d + j] = sqrt(pivot));
    for (let i = j + 1; i < d; i++) {
      let sum = a[i * d + j];
      for (let k = 0; k < j; k++) sum -= l[i * d + k] * l[j * d + k];
      l[i * d + j] = sum / root;
    }
  }
  return l;
}

/** log det of L Lᵀ; -Infinity where it is singular. */
export function logDeterminant(l: Float64Array, d: number): number {
  let sum = 0;
  for (let i = 0; i < d; i++) sum += 2 * log(l[i * d + i]);
  return sum;
}

/** x with L Lᵀ x = b. `l` must be regular. */
export function solveCholesky(l: Float64Array, b: Float64Array, d: number): Float64Array {
  const x = solveLower(l, b, d);
  for (let i = d - 1; i >= 0; i--) {
    for (let k = i + 1; k < d; k++) x[i] -= l[k * d + i] * x[k];
    x[i] /= l[i * d + i];
  }
  return x;
}

/** y with L y = b. */
export function solveLower(l: Float64Array, b: Float64Array, d: number): Float64Array {
  const y = Float64Array.from(b);
  for (let i = 0; i < d; i++) {
    for (let k = 0; k < i; k++) y[i] -= l[i * d + k] * y[k];
    y[i] /= l[i * d + i];
  }
  return y;
}

/**
 * Eigenvalues of a symmetric d x d matrix by cyclic Jacobi rotations, unordered.
 * @param vectors d x d, the identity: becomes the eigenvectors, one a column
 */
export function symmetricEigenvalues(matrix: Float64Array, d: number, vectors?: Float64Array): Float64Array {
  const a = Float64Array.from(matrix);
  for (let sweep = 0; sweep < 60; sweep++) {
    let off = 0;
    let diagonal = 0;
    for (let i = 0; i < d; i++) {
      diagonal += a[i * d + i] ** 2;
      for (let j = 0; j < i; j++) off += a[i * d + j] ** 2;
    }
    if (off <= 1e-30 * diagonal) break;
    for (let p = 0; p < d; p++) {
      for (let q = p + 1; q < d; q++) {
        const apq = a[p * d + q];
        if (apq === 0) continue;
        const theta = (a[q * d + q] - a[p * d + p]) / (2 * apq);
        const t = sign(theta || 1) / (abs(theta) + sqrt(theta * theta + 1));
        const c = 1 / sqrt(t * t + 1);
        const s = t * c;
        for (let k = 0; k < d; k++) {
          const kp = a[k * d + p];
          const kq = a[k * d + q];
          a[k * d + p] = c * kp - s * kq;
          a[k * d + q] = s * kp + c * kq;
        }
        for (let k = 0; k < d; k++) {
          const pk = a[p * d + k];
          const qk = a[q * d + k];
          a[p * d + k] = c * pk - s * qk;
          a[q * d + k] = s * pk + c * qk;
        }
        if (!vectors) continue;
        for (let k = 0; k < d; k++) {
          const [kp, kq] = [vectors[k * d + p], vectors[k * d + q]];
          vectors[k * d + p] = c * kp - s * kq;
          vectors[k * d + q] = s * kp + c * kq;
        }
      }
    }
  }
  return Float64Array.from({ length: d }, (_, i) => a[i * d + i]);
}

/** Eigenvalues below this share of the largest count as zero: a matrix of squares keeps half of a double's digits. */
const RANK_TOLERANCE = 1e-13;

/** The shortest x that minimises |a x - b|, of a symmetric positive semidefinite d x d matrix that may be singular (pseudo-inverse). */
export function solveLeastNorm(a: Float64Array, b: Float64Array, d: number): Float64Array {
  const vectors = Float64Array.from({ length: d * d }, (_, i) => (i % (d + 1) === 0 ? 1 : 0));
  const values = symmetricEigenvalues(a, d, vectors);
  const smallest = RANK_TOLERANCE * values.reduce((most, value) => max(most, value), 0);
  const x = new Float64Array(d);
  for (let j = 0; j < d; j++) {
    if (!(values[j] > smallest)) continue;
    let along = 0;
    for (let i = 0; i < d; i++) along += vectors[i * d + j] * b[i];
    for (let i = 0; i < d; i++) x[i] += (along / values[j]) * vectors[i * d + j];
  }
  return x;
}
