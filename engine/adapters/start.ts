/**
 * Adapters that begin as a part of their base model's weights: PiSSA (Meng et al. 2024, arXiv:2404.02948) takes the rank largest
 * singular values, OLoRA (Büyükakyüz 2024, arXiv:2406.01775) the first columns of a QR decomposition. PEFT takes that part out of the
 * base when such an adapter is loaded; here it becomes a second adapter that subtracts it, so that the base may stay in its file.
 */
import { dominantSubspace, orthonormalColumns } from './decompositions.js';

export const STARTS = ['pissa', 'olora'] as const;
export type Start = (typeof STARTS)[number];

/** A matrix (rows, columns), row by row. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float32Array | Float64Array;
}

/**
 * The part of a linear module's weight (out, in) that an adapter began as, as factors.
 * @param scale the adapter's: alpha / rank, or what stands for it
 * @returns B (out, rank) and A (rank, in), whose product is the part
 */
export function startOf(start: Start, weight: Matrix, rank: number, scale: number): { a: Float64Array; b: Float64Array } {
  const { rows: out, columns: into } = weight;
  if (start === 'pissa') {
    // U_r S_r V_rᵀ = W V_r V_rᵀ
    const v = dominantSubspace(weight, rank); // rank columns of length `into`
    const a = new Float64Array(rank * into);
    const b = new Float64Array(out * rank);
    v.forEach((column, k) => a.set(column, k * into));
    for (let o = 0; o < out; o++) v.forEach((column, k) => (b[o * rank + k] = dotRow(weight, o, column)));
    return { a, b };
  }
  // scale · Q_r R_r, where R_r = Q_rᵀ W
  const q = orthonormalColumns(weight, rank); // rank columns of length `out`
  const a = new Float64Array(rank * into);
  const b = new Float64Array(out * rank);
  q.forEach((column, k) => {
    for (let o = 0; o < out; o++) {
      b[o * rank + k] = scale * column[o];
      for (let i = 0; i < into; i++) a[k * into + i] += column[o] * weight.data[o * into + i];
    }
  });
  return { a, b };
}

function dotRow({ data, columns }: Matrix, row: number, v: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < columns; i++) sum += data[row * columns + i] * v[i];
  return sum;
}
