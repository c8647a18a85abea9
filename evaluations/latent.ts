/** Where the encoder of generation 0 puts images: the numbers that the latent metrics have in common. */
import { tableOf } from './input.js';
import type { EvaluationInput, ObservationRef } from './types.js';

/** Means of the distributions that an encoder gives images. */
export interface Codes {
  /** numbers a code */
  readonly latent: number;
  /** (images, latent) */
  readonly means: Float32Array;
}

/** The images that model t wrote, as the encoder of model 0 of the same member and seed sees them. */
export const CODES_UNDER_FIRST: ObservationRef = { observation: 'code', of: 'generated', under: 'first' };

export function codesOf(input: EvaluationInput): Codes {
  const { columns } = tableOf(input, CODES_UNDER_FIRST);
  const latent = Object.keys(columns).length;
  const means = new Float32Array(latent * columns.code_0.length);
  for (let d = 0; d < latent; d++) {
    const column = columns[`code_${d}`];
    for (let i = 0; i < column.length; i++) means[i * latent + d] = column[i];
  }
  return { latent, means };
}

/** Codes of the first so many images; 0: of all. */
export function firstCodes({ latent, means }: Codes, images: number): Codes {
  return images === 0 ? { latent, means } : { latent, means: means.subarray(0, images * latent) };
}

/** Mean and population standard deviation (divided by n, numpy's default). */
export function moments(values: ArrayLike<number>): { readonly mean: number; readonly sd: number } {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  const mean = sum / values.length;
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (values[i] - mean) ** 2;
  return { mean, sd: Math.sqrt(squares / values.length) };
}

/** Covariance matrix of the codes (latent x latent, row by row), divided by the number of images. */
export function covariance({ latent, means }: Codes): Float64Array {
  const images = means.length / latent;
  const centre = new Float64Array(latent);
  for (let i = 0; i < means.length; i++) centre[i % latent] += means[i] / images;
  const result = new Float64Array(latent * latent);
  for (let image = 0; image < images; image++)
    for (let a = 0; a < latent; a++) {
      const da = means[image * latent + a] - centre[a];
      for (let b = 0; b < latent; b++) result[a * latent + b] += (da * (means[image * latent + b] - centre[b])) / images;
    }
  return result;
}

/** ln det of a symmetric matrix by Cholesky's factors; undefined where it is not positive definite. */
export function logDeterminant(matrix: Float64Array, size: number): number | undefined {
  const factor = matrix.slice();
  let sum = 0;
  for (let j = 0; j < size; j++) {
    for (let i = j; i < size; i++) {
      let value = factor[i * size + j];
      for (let k = 0; k < j; k++) value -= factor[i * size + k] * factor[j * size + k];
      if (i === j && !(value > 0)) return undefined;
      factor[i * size + j] = i === j ? Math.sqrt(value) : value / factor[j * size + j];
    }
    sum += 2 * Math.log(factor[j * size + j]);
  }
  return sum;
}
