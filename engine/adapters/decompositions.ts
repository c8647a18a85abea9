/** The two matrix decompositions that adapters begin with, in double precision. */
import type { Matrix } from './start.js';

/** Relative size below which a vector counts as lying in the span of others. */
const NEGLIGIBLE = 1e-12;
/** Residual of a singular vector, relative to the largest singular value squared, at which it counts as found. */
const CONVERGED = 1e-13;
/** Every so many steps of Lanczos' method the small problem is solved. */
const LOOK_EVERY = 16;

/**
 * The first `count` columns of Q in W = Q R.
 * @returns vectors of length `rows`; fewer only of a matrix that has not so many independent columns
 */
export function orthonormalColumns({ rows, columns, data }: Matrix, count: number): Float64Array[] {
  const q: Float64Array[] = [];
  for (let k = 0; k < Math.min(count, columns, rows); k++) {
    const column = Float64Array.from({ length: rows }, (_, o) => data[o * columns + k]);
    const length = norm(column);
    orthogonalise(column, q);
    const left = norm(column);
    if (left <= NEGLIGIBLE * length || left === 0) continue; // its part of the product is nothing that others do not span
    scaleBy(column, 1 / left);
    q.push(column);
  }
  return q;
}

/**
 * An orthonormal basis of the space of the `count` largest right singular vectors of W, by Lanczos' method on WᵀW with full
 * reorthogonalisation: as many products with W as it takes, at most as W has columns.
 */
export function dominantSubspace(w: Matrix, count: number): Float64Array[] {
  const n = w.columns;
  const wanted = Math.min(count, n, w.rows);
  const basis: Float64Array[] = [];
  const diagonal: number[] = [];
  const off: number[] = []; // off[j]: between j and j + 1
  let next = startVector(n, 0);
  for (;;) {
    basis.push(next);
    const product = gram(w, next);
    diagonal.push(dot(product, next));
    orthogonalise(product, basis);
    const size = norm(product);
    const scale = Math.max(...diagonal.map(Math.abs), Number.MIN_VALUE);
    const ended = size <= NEGLIGIBLE * scale; // an invariant space: what is left is orthogonal to it
    off.push(ended ? 0 : size);
    const full = basis.length === n;
    if (full || (basis.length >= wanted && basis.length % LOOK_EVERY === 0 && !ended)) {
      const { values, vectors } = symmetricTridiagonal(diagonal, off.slice(0, -1));
      const order = values.map((_, i) => i).sort((i, j) => values[j] - values[i]).slice(0, wanted); // prettier-ignore
      const residual = (i: number): number => Math.abs(off.at(-1)! * vectors[basis.length - 1][i]);
      if (full || order.every((i) => residual(i) <= CONVERGED * Math.max(values[order[0]], Number.MIN_VALUE)))
        return order.map((i) => combination(basis, (j) => vectors[j][i]));
    }
    next = ended ? startVector(n, basis.length, basis) : scaleBy(product, 1 / size);
  }
}

/** A vector of length 1 that is no special one, orthogonal to the basis. */
function startVector(n: number, seed: number, basis: readonly Float64Array[] = []): Float64Array {
  for (let attempt = 0; ; attempt++) {
    let state = (seed * 31 + attempt) * 2654435761 + 12345;
    const v = Float64Array.from({ length: n }, () => {
      state = (Math.imul(state ^ (state >>> 15), 2246822519) + 3266489917) | 0;
      return (state >>> 0) / 2 ** 32 - 0.5;
    });
    const before = norm(v);
    orthogonalise(v, basis);
    const left = norm(v);
    if (left > 1e-6 * before) return scaleBy(v, 1 / left);
  }
}

/** Wᵀ W v */
function gram({ rows, columns, data }: Matrix, v: Float64Array): Float64Array {
  const out = new Float64Array(columns);
  for (let r = 0; r < rows; r++) {
    const at = r * columns;
    let sum = 0;
    for (let c = 0; c < columns; c++) sum += data[at + c] * v[c];
    for (let c = 0; c < columns; c++) out[c] += sum * data[at + c];
  }
  return out;
}

/** Takes out of v what lies in the basis, twice, for rounding. */
function orthogonalise(v: Float64Array, basis: readonly Float64Array[]): void {
  for (let round = 0; round < 2; round++)
    for (const q of basis) {
      const part = dot(v, q);
      for (let i = 0; i < v.length; i++) v[i] -= part * q[i];
    }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
const norm = (v: Float64Array): number => Math.sqrt(dot(v, v));
function scaleBy(v: Float64Array, by: number): Float64Array {
  for (let i = 0; i < v.length; i++) v[i] *= by;
  return v;
}
function combination(basis: readonly Float64Array[], weight: (j: number) => number): Float64Array {
  const out = new Float64Array(basis[0].length);
  basis.forEach((q, j) => {
    const by = weight(j);
    for (let i = 0; i < out.length; i++) out[i] += by * q[i];
  });
  return out;
}

/**
 * Eigenvalues and eigenvectors of a symmetric tridiagonal matrix by the implicit QL method (Martin & Wilkinson 1968; EISPACK's tql2).
 * @param offDiagonal one fewer than the diagonal
 * @returns vectors[j][i]: entry j of the eigenvector of values[i]
 */
export function symmetricTridiagonal(
  diagonal: readonly number[],
  offDiagonal: readonly number[],
): { values: number[]; vectors: Float64Array[] } {
  const n = diagonal.length;
  const d = [...diagonal];
  const e = [...offDiagonal, 0];
  const z = Array.from({ length: n }, (_, i) => Float64Array.from({ length: n }, (__, j) => (i === j ? 1 : 0)));
  for (let l = 0; l < n; l++) {
    for (;;) {
      let m = l;
      while (m < n - 1 && Math.abs(e[m]) > Number.EPSILON * (Math.abs(d[m]) + Math.abs(d[m + 1]))) m++;
      if (m === l) break;
      let g = (d[l + 1] - d[l]) / (2 * e[l]);
      g = d[m] - d[l] + e[l] / (g + Math.sign(g || 1) * Math.hypot(g, 1));
      let [s, c, p] = [1, 1, 0];
      let i = m - 1;
      for (; i >= l; i--) {
        const f = s * e[i];
        const b = c * e[i];
        const r = Math.hypot(f, g);
        e[i + 1] = r;
        if (r === 0) {
          d[i + 1] -= p;
          e[m] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        const t = (d[i] - g) * s + 2 * c * b;
        p = s * t;
        d[i + 1] = g + p;
        g = c * t - b;
        for (let k = 0; k < n; k++) {
          const row = z[k];
          const next = row[i + 1];
          row[i + 1] = s * row[i] + c * next;
          row[i] = c * row[i] - s * next;
        }
      }
      if (i >= l) continue;
      d[l] -= p;
      e[l] = g;
      e[m] = 0;
    }
  }
  return { values: d, vectors: z };
}
