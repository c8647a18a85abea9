/** Kolmogorov and Smirnov's test of two samples: the largest distance of their distribution functions. */
import type { TestResult } from './types.js';

/** Values of a sample up to which paths are counted, as scipy has it. */
const EXACT = 10_000;

/** Two-sided. scipy.stats.ks_2samp */
export function kolmogorovSmirnov(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  method: 'auto' | 'exact' | 'asymptotic' = 'auto',
): TestResult {
  const [x, y] = [Float64Array.from(a).sort(), Float64Array.from(b).sort()];
  const [n, m] = [x.length, y.length];
  // in units of 1/(nm), where it is a whole number
  let distance = 0;
  for (let i = 0, j = 0; i < n && j < m;) {
    const value = Math.min(x[i], y[j]);
    while (i < n && x[i] === value) i++;
    while (j < m && y[j] === value) j++;
    distance = Math.max(distance, Math.abs(i * m - j * n));
  }
  const statistic = distance / (n * m);
  if (method === 'exact' || (method === 'auto' && Math.max(n, m) <= EXACT)) return { statistic, p: pathsOutside(distance, n, m) };
  return { statistic, p: oneSampleUpper(statistic, Math.round((n * m) / (n + m))) };
}

/** Share of the orders of n and m values whose distance is at least this: a walk over the grid that leaves the band (Hodges 1958). */
function pathsOutside(distance: number, n: number, m: number): number {
  if (distance === 0) return 1;
  // outside[j]: chance that a walk to (i, j) has been outside, over all walks there
  const outside = new Float64Array(m + 1);
  for (let i = 0; i <= n; i++)
    for (let j = 0; j <= m; j++) {
      if (Math.abs(i * m - j * n) >= distance) outside[j] = 1;
      else if (i + j > 0) outside[j] = ((i > 0 ? i * outside[j] : 0) + (j > 0 ? j * outside[j - 1] : 0)) / (i + j);
    }
  return Math.min(1, outside[m]);
}

/**
 * P(D > d) of one sample of n values: Marsaglia, Tsang and Wang, "Evaluating Kolmogorov's distribution", Journal of Statistical
 * Software 8 (2003); where their matrix would be large, Kolmogorov's limit. scipy.stats.kstwo.sf
 */
export function oneSampleUpper(d: number, n: number): number {
  if (d <= 0.5 / n) return 1;
  if (d >= 1) return 0;
  const k = Math.floor(n * d) + 1;
  if (k > 60) return kolmogorovUpper(Math.sqrt(n) * d);
  const size = 2 * k - 1;
  const h = k - n * d;
  let matrix = Array.from({ length: size }, (_, i) => Float64Array.from({ length: size }, (_, j) => (i - j + 1 < 0 ? 0 : 1)));
  for (let i = 0; i < size; i++) {
    matrix[i][0] -= h ** (i + 1);
    matrix[size - 1][i] -= h ** (size - i);
  }
  matrix[size - 1][0] += 2 * h - 1 > 0 ? (2 * h - 1) ** size : 0;
  for (let i = 0; i < size; i++) for (let j = 0; j < size; j++) for (let g = 1; g <= i - j + 1; g++) matrix[i][j] /= g;
  // matrix^n, times n!/n^n as it goes along: with a power of ten apart
  let power = Array.from({ length: size }, (_, i) => Float64Array.from({ length: size }, (_, j) => (i === j ? 1 : 0)));
  let [exponent, ofMatrix] = [0, 0];
  for (let left = n; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) [power, exponent] = scaled(product(power, matrix), exponent + ofMatrix, k - 1);
    [matrix, ofMatrix] = scaled(product(matrix, matrix), 2 * ofMatrix, k - 1);
  }
  let log = Math.log(power[k - 1][k - 1]) + exponent * Math.LN10;
  for (let i = 1; i <= n; i++) log += Math.log(i / n);
  return Math.max(0, 1 - Math.exp(log));
}

type Matrix = Float64Array<ArrayBuffer>[];

function product(a: Matrix, b: Matrix): Matrix {
  return a.map((row) => Float64Array.from(row, (_, j) => row.reduce((sum, value, k) => sum + value * b[k][j], 0)));
}

function scaled(matrix: Matrix, exponent: number, middle: number): [Matrix, number] {
  if (matrix[middle][middle] < 1e140) return [matrix, exponent];
  return [matrix.map((row) => row.map((value) => value * 1e-140)), exponent + 140];
}

/** 2 Σ (-1)^(k-1) exp(-2 k² x²). scipy.special.kolmogorov */
export function kolmogorovUpper(x: number): number {
  if (x <= 0) return 1;
  let sum = 0;
  if (x < 1) {
    // the same by theta's other series, which is the quick one here
    for (let k = 1; k <= 20; k++) sum += Math.exp((-((2 * k - 1) ** 2) * Math.PI ** 2) / (8 * x * x));
    return 1 - (Math.sqrt(2 * Math.PI) / x) * sum;
  }
  for (let k = 1; k <= 20; k++) sum += (k % 2 === 1 ? 1 : -1) * Math.exp(-2 * k * k * x * x);
  return Math.min(1, 2 * sum);
}
