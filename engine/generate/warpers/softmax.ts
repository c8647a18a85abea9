/** Probabilities of logits, in double precision. */

export function maximum(values: Float32Array): number {
  let max = -Infinity;
  for (let i = 0; i < values.length; i++) if (values[i] > max) max = values[i];
  return max;
}

/** exp(logit - max) of every entry into `weights` (V); returns their sum. */
export function unnormalised(logits: Float32Array, weights: Float64Array): number {
  const max = maximum(logits);
  let sum = 0;
  for (let i = 0; i < logits.length; i++) {
    const weight = logits[i] === -Infinity ? 0 : Math.exp(logits[i] - max);
    weights[i] = weight;
    sum += weight;
  }
  return sum;
}

/** (V) probabilities; -Infinity has none. */
export function softmax(logits: Float32Array): Float64Array {
  const probabilities = new Float64Array(logits.length);
  const sum = unnormalised(logits, probabilities);
  for (let i = 0; i < probabilities.length; i++) probabilities[i] /= sum;
  return probabilities;
}
