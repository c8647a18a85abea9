/** Distances of two samples of vectors that sum over pairs: maximum mean discrepancy, energy, and who lies among whom. */
import { eachRowOfSquares, stacked, type Vectors } from './vectors.js';

/** Σ of f(squared distance) over all ordered pairs of two sets, or of two vectors of one. */
function sumOver(a: Vectors, b: Vectors, f: (square: number) => number): number {
  let sum = 0;
  if (a === b) eachRowOfSquares(a, a, (i, row) => void (sum += 2 * sumOf(row, i + 1, f)), true);
  else eachRowOfSquares(a, b, (_, row) => void (sum += sumOf(row, 0, f)));
  return sum;
}

function sumOf(row: Float64Array, from: number, f: (square: number) => number): number {
  let sum = 0;
  for (let j = from; j < row.length; j++) sum += f(row[j]);
  return sum;
}

/** With the pairs of a vector with itself, and without, which may be negative. */
export interface Statistics {
  readonly biased: number;
  /** undefined of one vector, which has no pair */
  readonly unbiased?: number;
}

/** Cross terms twice, less those within each set. @param self f(0), which the biased form counts for every vector */
function discrepancy(a: Vectors, b: Vectors, f: (square: number) => number, self: number): Statistics | undefined {
  const [n, m] = [a.count, b.count];
  if (n === 0 || m === 0) return undefined;
  const [within, other, across] = [sumOver(a, a, f), sumOver(b, b, f), (2 * sumOver(a, { ...b }, f)) / (n * m)];
  const biased = (within + n * self) / n ** 2 + (other + m * self) / m ** 2 - across;
  if (n < 2 || m < 2) return { biased };
  return { biased, unbiased: within / (n * (n - 1)) + other / (m * (m - 1)) - across };
}

/**
 * Squared maximum mean discrepancy with the kernel exp(-gamma |x - y|²). Undefined of an empty set.
 * Source: Gretton et al., "A kernel two-sample test" (2012).
 */
export function mmdSquared(a: Vectors, b: Vectors, gamma: number): Statistics | undefined {
  return discrepancy(a, b, (square) => Math.exp(-gamma * square), 1);
}

/** gamma = 1 / (2 m²), m the median distance of two vectors of both sets together; undefined where that is 0. */
export function medianGamma(a: Vectors, b: Vectors): number | undefined {
  const all = stacked(a, b);
  const squares = new Float64Array((all.count * (all.count - 1)) / 2);
  let at = 0;
  eachRowOfSquares(
    all,
    all,
    (i, row) => {
      squares.set(row.subarray(i + 1), at);
      at += row.length - i - 1;
    },
    true,
  );
  squares.sort();
  const middle = (squares.length - 1) / 2;
  const median = (Math.sqrt(squares[Math.floor(middle)]) + Math.sqrt(squares[Math.ceil(middle)])) / 2;
  return median > 0 ? 1 / (2 * median ** 2) : undefined;
}

/**
 * Energy distance 2 E|X - Y| - E|X - X'| - E|Y - Y'|, not rooted. Undefined of an empty set.
 * Source: Székely & Rizzo, "Energy statistics" (2013).
 */
export function energyDistance(a: Vectors, b: Vectors): Statistics | undefined {
  return discrepancy(a, b, (square) => -Math.sqrt(square), 0);
}

export interface PrecisionRecall {
  /** share of generated vectors that lie within real text's reach */
  readonly precision: number;
  /** share of real vectors that lie within reach of what was generated */
  readonly recall: number;
}

/**
 * A vector is within a set's reach where it is no farther from one of its vectors than that one's k-th nearest other. Undefined where
 * a set has no more than k vectors. Source: Kynkäänniemi et al. (2019), arXiv:1904.06991.
 */
export function precisionRecall(real: Vectors, generated: Vectors, k: number): PrecisionRecall | undefined {
  if (real.count <= k || generated.count <= k) return undefined;
  const reachOf = (vectors: Vectors): Float64Array => {
    const reach = new Float64Array(vectors.count);
    eachRowOfSquares(vectors, vectors, (i, row) => {
      row[i] = Infinity;
      reach[i] = row.slice().sort()[k - 1];
    });
    return reach;
  };
  const [ofReal, ofGenerated] = [reachOf(real), reachOf(generated)];
  let precise = 0;
  const recalled = new Uint8Array(real.count);
  eachRowOfSquares(generated, { ...real }, (i, row) => {
    let within = false;
    for (let j = 0; j < real.count; j++) {
      within ||= row[j] <= ofReal[j];
      if (row[j] <= ofGenerated[i]) recalled[j] = 1;
    }
    if (within) precise++;
  });
  return { precision: precise / generated.count, recall: recalled.reduce((sum, one) => sum + one, 0) / real.count };
}
