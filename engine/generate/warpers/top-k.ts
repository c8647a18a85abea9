/** Top-k sampling (Fan et al. 2018, arXiv:1805.04833), as transformers' TopKLogitsWarper: ties with the k-th logit all stay. */
import type { Warper } from './types.js';

/** @param k >= 1 tokens to keep, or more where logits are equal */
export function topKWarper(k: number): Warper {
  return (logits) => {
    if (k >= logits.length) return;
    const threshold = kthLargest(logits, k);
    for (let i = 0; i < logits.length; i++) if (logits[i] < threshold) logits[i] = -Infinity;
  };
}

/** The k-th largest value, by a min-heap of the k largest seen so far. */
function kthLargest(values: Float32Array, k: number): number {
  const heap = values.slice(0, k).sort();
  for (let i = k; i < values.length; i++) {
    const value = values[i];
    if (!(value > heap[0])) continue;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= k) break;
      if (child + 1 < k && heap[child + 1] < heap[child]) child++;
      if (heap[child] >= value) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = value;
  }
  return heap[0];
}
