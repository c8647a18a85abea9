/** Logistic regression: of sparse vectors by gradient descent, and of one number by Newton's method. */
import type { CounterRng } from '../../common/philox.js';
import type { Features } from './features.js';

export interface Example {
  readonly features: Features;
  /** 1: written by a machine, 0: real */
  readonly label: 0 | 1;
  /** what it counts for */
  readonly weight: number;
}

export interface Linear {
  readonly weights: Float32Array;
  readonly bias: number;
}

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

export function logitOf({ weights, bias }: Linear, { at, value }: Features): number {
  let sum = bias;
  for (let k = 0; k < at.length; k++) sum += weights[at[k]] * value[k];
  return sum;
}

const STEP = 0.5;
const TINY = 1e-8;

/**
 * AdaGrad (Duchi et al. 2011) over the examples one by one, in another order each epoch; the same bits for the same stream.
 * @param size of the weights
 */
export function fitLinear(examples: readonly Example[], size: number, epochs: number, rng: CounterRng): Linear {
  const weights = new Float32Array(size);
  const squares = new Float32Array(size);
  let [bias, biasSquares] = [0, 0];
  for (let epoch = 0; epoch < epochs; epoch++)
    for (const i of rng.permutation(examples.length, epoch)) {
      const { features, label, weight } = examples[i];
      const error = weight * (sigmoid(logitOf({ weights, bias }, features)) - label);
      const { at, value } = features;
      for (let k = 0; k < at.length; k++) {
        const gradient = error * value[k];
        squares[at[k]] += gradient * gradient;
        weights[at[k]] -= (STEP * gradient) / (Math.sqrt(squares[at[k]]) + TINY);
      }
      biasSquares += error * error;
      bias -= (STEP * error) / (Math.sqrt(biasSquares) + TINY);
    }
  return { weights, bias };
}

export interface Scale {
  readonly slope: number;
  readonly intercept: number;
}

/**
 * Platt's scaling: the slope and intercept with which sigmoid(slope x + intercept) is the likeliest of held-out labels. Labels are drawn
 * in by one example of each kind, as Platt (1999) has it, so that it ends where they can be told apart entirely.
 * @param labels 1 or 0
 * @param weights what each counts for
 */
export function fitScale(logits: readonly number[], labels: readonly number[], weights: readonly number[]): Scale {
  const [ones, zeros] = [labels.filter((label) => label === 1).length, labels.filter((label) => label === 0).length];
  const targets = labels.map((label) => (label === 1 ? (ones + 1) / (ones + 2) : 1 / (zeros + 2)));
  const loss = (slope: number, intercept: number): number =>
    logits.reduce((sum, x, i) => {
      const z = slope * x + intercept;
      return sum + weights[i] * (Math.max(z, 0) - z * targets[i] + Math.log1p(Math.exp(-Math.abs(z))));
    }, 0);
  let [slope, intercept] = [1, 0];
  let now = loss(slope, intercept);
  for (let round = 0; round < 100; round++) {
    let [g0, g1, h00, h01, h11] = [0, 0, 1e-9, 0, 1e-9];
    logits.forEach((x, i) => {
      const p = sigmoid(slope * x + intercept);
      const [gradient, curvature] = [weights[i] * (p - targets[i]), weights[i] * p * (1 - p)];
      g0 += gradient * x;
      g1 += gradient;
      h00 += curvature * x * x;
      h01 += curvature * x;
      h11 += curvature;
    });
    const determinant = h00 * h11 - h01 * h01;
    const [d0, d1] = [(h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant];
    let step = 1;
    while (step > 1e-6 && !(loss(slope - step * d0, intercept - step * d1) < now)) step /= 2;
    if (step <= 1e-6) break;
    [slope, intercept] = [slope - step * d0, intercept - step * d1];
    now = loss(slope, intercept);
  }
  return { slope, intercept };
}
