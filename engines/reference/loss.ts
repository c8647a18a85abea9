/** Negative log-likelihoods of a sequence's tokens, each given those before it. */
import { IGNORED } from '../../common/labels.js';
import { logSum, softmax } from './layers.js';
import type { ReferenceModel } from './model.js';
import { Tape, type Matrix } from './tape.js';

/** A token that is predicted: `target` after place `t`. */
export interface Prediction {
  readonly t: number;
  readonly target: number;
  /** (V) of what follows place t */
  readonly logits: Float64Array;
  /** nats */
  readonly nll: number;
}

/** @param labels one a token, IGNORED: not predicted; default: the row itself */
export function predictions(model: ReferenceModel, row: Int32Array, labels: Int32Array = row): Prediction[] {
  return read(model.logits(Array.from(row)), labels);
}

function read({ data, columns: size }: Matrix, labels: Int32Array): Prediction[] {
  return Array.from(labels.subarray(1), (target, t) => ({ t, target }))
    .filter(({ target }) => target !== IGNORED)
    .map(({ t, target }) => {
      const logits = data.subarray(t * size, (t + 1) * size);
      return { t, target, logits, nll: logSum(logits) - logits[target] };
    });
}

export function targetsIn(labels: Int32Array): number {
  return labels.subarray(1).filter((label) => label !== IGNORED).length;
}

/**
 * Adds the gradient of share · Σ nll to the parameters'.
 * @returns Σ nll
 */
export function backpropagate(model: ReferenceModel, row: Int32Array, labels: Int32Array, share: number): number {
  const tape = new Tape();
  const logits = model.logits(Array.from(row), tape);
  const predicted = read(logits, labels);
  for (const { t, target, logits: scores } of predicted) {
    const gradient = logits.gradient.subarray(t * logits.columns, (t + 1) * logits.columns);
    softmax(scores).forEach((probability, id) => (gradient[id] = share * (probability - (id === target ? 1 : 0))));
  }
  tape.backward();
  return predicted.reduce((sum, { nll }) => sum + nll, 0);
}
