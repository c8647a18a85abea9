/** Negative log-likelihoods of a sequence's tokens, each given those before it. */
import { IGNORED } from '../../common/labels.js';
import type { LossPlan } from '../../engine/train/losses/index.js';
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
 * Adds the gradient of share · Σ loss to the parameters'.
 * @param loss of a token; absent: its nll
 * @returns Σ nll
 */
export function backpropagate(
  model: ReferenceModel,
  row: Int32Array,
  labels: Int32Array,
  share: number,
  loss?: LossPlan,
): number {
  const tape = new Tape();
  const logits = model.logits(Array.from(row), tape);
  const predicted = read(logits, labels);
  for (const { t, target, logits: scores } of predicted) {
    const gradient = logits.gradient.subarray(t * logits.columns, (t + 1) * logits.columns);
    logitGradient(scores, target, loss).forEach((slope, id) => (gradient[id] = share * slope));
  }
  tape.backward();
  return predicted.reduce((sum, { nll }) => sum + nll, 0);
}

/** (V) the gradient of a token's loss by its logits. */
export function logitGradient(logits: Float64Array, target: number, loss?: LossPlan): Float64Array {
  const p = softmax(logits);
  const crossEntropy = p.map((probability, id) => probability - (id === target ? 1 : 0));
  switch (loss?.kind) {
    case undefined:
      return crossEntropy;
    case 'truncated':
      return p[target] > loss.gamma ? crossEntropy.fill(0) : crossEntropy;
    case 'confidence-penalty': {
      const total = logSum(logits);
      const logs = logits.map((logit) => logit - total);
      const entropy = -p.reduce((sum, probability, id) => sum + probability * logs[id], 0);
      return crossEntropy.map((slope, id) => slope + loss.weight * p[id] * (logs[id] + entropy));
    }
    case 'label-smoothing':
      return p.map((probability, id) => probability - (id === target ? 1 - loss.epsilon : 0) - loss.epsilon / p.length);
  }
}
