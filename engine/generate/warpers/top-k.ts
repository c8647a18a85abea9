/** Top-k sampling (Fan et al. 2018, arXiv:1805.04833), as transformers' TopKLogitsWarper: ties with the k-th logit all stay. */
import { z } from 'zod';
import type { Warper, WarperSetting } from './types.js';

export const topK: WarperSetting = {
  schema: z.int().min(0).max(1e6),
  off: 0,
  help: 'draws from so many of the most probable tokens; 0: from all',
  only: 'sampling',
  words: (value) => `top-k ${value}`,
  make: (value, { minTokensToKeep }) => topKWarper(Math.max(value, minTokensToKeep)),
};

/** @param k >= 1 tokens to keep, or more where logits are equal */
export function topKWarper(k: number): Warper {
  return (logits) => {
    if (k >= logits.length) return;
    const threshold = logits[largest(logits, k)[k - 1]];
    for (let i = 0; i < logits.length; i++) if (logits[i] < threshold) logits[i] = -Infinity;
  };
}

/** Indices of the `k` highest values (all of them if there are fewer), highest first; of equal ones the smaller index. */
export function largest(values: Float32Array, k: number): number[] {
  const size = Math.min(k, values.length);
  // A heap whose root is the lowest of the best so far; among equal values the larger index is the lower one.
  const heap = Array.from({ length: size }, (_, i) => i);
  const below = (a: number, b: number): boolean => values[a] < values[b] || (values[a] === values[b] && a > b);
  const sink = (at: number): void => {
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) return;
      if (child + 1 < size && below(heap[child + 1], heap[child])) child++;
      if (!below(heap[child], heap[at])) return;
      [heap[at], heap[child]] = [heap[child], heap[at]];
      at = child;
    }
  };
  for (let at = (size >> 1) - 1; at >= 0; at--) sink(at);
  for (let i = size; i < values.length; i++) {
    if (!(values[i] > values[heap[0]])) continue;
    heap[0] = i;
    sink(0);
  }
  return heap.sort((a, b) => values[b] - values[a] || a - b);
}
