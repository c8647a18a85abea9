/** Vectors, a row a text: what metrics of meaning are computed of, and all that they know of each other. */

export interface Vectors {
  readonly count: number;
  readonly dimensions: number;
  /** (count, dimensions) */
  readonly data: Float64Array;
}

export function vectorsFrom(rows: readonly ArrayLike<number>[]): Vectors {
  const dimensions = rows[0]?.length ?? 0;
  const data = new Float64Array(rows.length * dimensions);
  rows.forEach((row, i) => data.set(Array.from(row), i * dimensions));
  return { count: rows.length, dimensions, data };
}

/** The first so many; 0: all. */
export function firstVectors(vectors: Vectors, most: number): Vectors {
  if (most === 0 || vectors.count <= most) return vectors;
  return { ...vectors, count: most, data: vectors.data.subarray(0, most * vectors.dimensions) };
}

/** Each scaled to length 1; undefined where one is zero, which has no direction. */
export function normalised({ count, dimensions, data }: Vectors): Vectors | undefined {
  const scaled = new Float64Array(data.length);
  for (let i = 0; i < count; i++) {
    const [from, to] = [i * dimensions, (i + 1) * dimensions];
    const length = Math.sqrt(dot(data, from, data, from, dimensions));
    if (length === 0) return undefined;
    for (let k = from; k < to; k++) scaled[k] = data[k] / length;
  }
  return { count, dimensions, data: scaled };
}

/** Both sets, one behind the other. */
export function stacked(a: Vectors, b: Vectors): Vectors {
  const data = new Float64Array(a.data.length + b.data.length);
  data.set(a.data);
  data.set(b.data, a.data.length);
  return { count: a.count + b.count, dimensions: a.dimensions, data };
}

/** (dimensions) of at least one vector */
export function meanVector({ count, dimensions, data }: Vectors): Float64Array {
  const mean = new Float64Array(dimensions);
  for (let i = 0; i < count; i++) for (let k = 0; k < dimensions; k++) mean[k] += data[i * dimensions + k];
  return mean.map((sum) => sum / count);
}

/** Covariance (dimensions, dimensions), divided by count - 1, of at least two vectors. */
export function covarianceOf(vectors: Vectors): Float64Array {
  const { count, dimensions: d, data } = vectors;
  const mean = meanVector(vectors);
  const sums = new Float64Array(d * d);
  const centred = new Float64Array(d);
  for (let i = 0; i < count; i++) {
    for (let k = 0; k < d; k++) centred[k] = data[i * d + k] - mean[k];
    for (let a = 0; a < d; a++) {
      const [value, row] = [centred[a], a * d];
      for (let b = 0; b <= a; b++) sums[row + b] += value * centred[b];
    }
  }
  for (let a = 0; a < d; a++) for (let b = 0; b <= a; b++) sums[b * d + a] = sums[a * d + b] /= count - 1;
  return sums;
}

function dot(a: Float64Array, i: number, b: Float64Array, j: number, d: number): number {
  let sum = 0;
  for (let k = 0; k < d; k++) sum += a[i + k] * b[j + k];
  return sum;
}

/** Rows of `a` (an even number) and of `b` that are multiplied together: as many as the processor's second cache holds. */
const ROWS = { a: 32, b: 64 };

/**
 * All dot products, a few rows at a time, so that no table of all pairs is held: `visit(i, row)` with row[j] = a_i · b_j, valid until it
 * returns. Every product adds in the same order, so equal vectors have equal ones.
 * @param upper j >= i alone, of two sets that are one
 */
export function eachRowOfDots(a: Vectors, b: Vectors, visit: (i: number, row: Float64Array) => void, upper = false): void {
  const block = new Float64Array(ROWS.a * b.count);
  for (let top = 0; top < a.count; top += ROWS.a) {
    const end = Math.min(a.count, top + ROWS.a);
    for (let left = upper ? top : 0; left < b.count; left += ROWS.b) {
      const right = Math.min(b.count, left + ROWS.b);
      for (let i = top; i < end; i += 2) dotsOfRows(a, i, b, left, right, block, (i - top) * b.count);
    }
    for (let i = top; i < end; i++) visit(i, block.subarray((i - top) * b.count, (i - top + 1) * b.count));
  }
}

/**
 * Dot products of two rows of `a`, or of its last one, with rows from … to - 1 of `b`, into rows of `width` places. Eight sums at a time: one
 * would wait for itself at every addition.
 */
function dotsOfRows(a: Vectors, i: number, b: Vectors, from: number, to: number, out: Float64Array, outAt: number): void {
  const d = a.dimensions;
  const [x, y, width] = [a.data, b.data, b.count];
  const rows = i + 1 < a.count ? 2 : 1;
  const [at, next, outNext] = [i * d, (i + 1) * d, outAt + width];
  let j = from;
  if (rows === 2)
    for (; j + 4 <= to; j += 4) {
      const j0 = j * d;
      const j1 = j0 + d;
      const j2 = j1 + d;
      const j3 = j2 + d;
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      let s3 = 0;
      let t0 = 0;
      let t1 = 0;
      let t2 = 0;
      let t3 = 0;
      for (let k = 0; k < d; k++) {
        const v = x[at + k];
        const w = x[next + k];
        const y0 = y[j0 + k];
        const y1 = y[j1 + k];
        const y2 = y[j2 + k];
        const y3 = y[j3 + k];
        s0 += v * y0;
        s1 += v * y1;
        s2 += v * y2;
        s3 += v * y3;
        t0 += w * y0;
        t1 += w * y1;
        t2 += w * y2;
        t3 += w * y3;
      }
      out.set([s0, s1, s2, s3], outAt + j);
      out.set([t0, t1, t2, t3], outNext + j);
    }
  for (; j < to; j++) {
    out[outAt + j] = dot(x, at, y, j * d, d);
    if (rows === 2) out[outNext + j] = dot(x, next, y, j * d, d);
  }
}

/** Below this share of both squared lengths, a squared distance by dot products has lost digits, and is added up by itself. */
const CLOSE = 1e-4;

/** All squared distances, as `eachRowOfDots` gives dot products. */
export function eachRowOfSquares(a: Vectors, b: Vectors, visit: (i: number, row: Float64Array) => void, upper = false): void {
  const { dimensions: d } = a;
  const lengths = (of: Vectors): Float64Array =>
    Float64Array.from({ length: of.count }, (_, i) => dot(of.data, i * d, of.data, i * d, d));
  const lengthsA = lengths(a);
  const lengthsB = a === b ? lengthsA : lengths(b);
  eachRowOfDots(
    a,
    b,
    (i, row) => {
      for (let j = upper ? i : 0; j < b.count; j++) {
        const both = lengthsA[i] + lengthsB[j];
        let square = both - 2 * row[j];
        if (square < CLOSE * both) {
          square = 0;
          for (let k = 0; k < d; k++) square += (a.data[i * d + k] - b.data[j * d + k]) ** 2;
        }
        row[j] = square;
      }
      visit(i, row);
    },
    upper,
  );
}
