/**
 * Nucleus sampling (Holtzman et al. 2020, arXiv:1904.09751), as transformers' TopPLogitsWarper: tokens are dropped from the least
 * probable upwards while their cumulative probability is at most 1 - p. Of equal logits the one with the smaller id goes first.
 */
import { z } from 'zod';
import { maximum } from './softmax.js';
import type { Warper, WarperSetting } from './types.js';

export const topP: WarperSetting = {
  schema: z.number().gt(0).max(1),
  off: 1,
  help: 'draws from the most probable tokens that hold this mass; 1: from all',
  only: 'sampling',
  words: (value) => `top-p ${value}`,
  make: (value, { minTokensToKeep }) => topPWarper(value, minTokensToKeep),
};

/**
 * @param p in (0, 1): probability mass that stays
 * @param keep so many of the most probable tokens stay in any case
 */
export function topPWarper(p: number, keep: number): Warper {
  // transformers computes the threshold in double precision and compares in float32
  const dropped = Math.fround(1 - p);
  let order = new Uint32Array(0);
  return (logits) => {
    const top = maximum(logits);
    let total = 0;
    for (let i = 0; i < logits.length; i++) total += Math.exp(logits[i] - top);
    // A token of at most (1 - p) / V goes in any case when all like it together have no more than 1 - p: only the others are sorted.
    // That shortcut could drop one of the `keep` best, so it is for one only.
    const floor = keep === 1 ? (dropped * total) / logits.length : 0;
    if (order.length < logits.length) order = new Uint32Array(logits.length);
    let kept = 0;
    let cumulative = 0;
    for (let i = 0; i < logits.length; i++) {
      const mass = Math.exp(logits[i] - top);
      if (mass > floor) {
        order[kept++] = i;
      } else {
        cumulative += mass;
        logits[i] = -Infinity;
      }
    }
    const rest = order.subarray(0, kept).sort((a, b) => logits[a] - logits[b] || a - b);
    for (const i of rest.subarray(0, Math.max(0, kept - keep))) {
      cumulative += Math.exp(logits[i] - top);
      if (Math.fround(cumulative / total) > dropped) return;
      logits[i] = -Infinity;
    }
  };
}
