/**
 * Min-p sampling (Nguyen et al. 2024, arXiv:2407.01082), as transformers' MinPLogitsWarper: tokens below a share of the most
 * probable token's probability are dropped.
 */
import { z } from 'zod';
import { maximum } from './softmax.js';
import { largest } from './top-k.js';
import type { Warper, WarperSetting } from './types.js';

export const minP: WarperSetting = {
  schema: z.number().min(0).max(1),
  off: 0,
  help: "draws from tokens with at least this share of the best one's probability; 0: from all",
  only: 'sampling',
  words: (value) => `min-p ${value}`,
  make: (value, { minTokensToKeep }) => minPWarper(value, minTokensToKeep),
};

/**
 * @param p in [0, 1]: the share
 * @param keep so many of the most probable tokens stay in any case
 */
export function minPWarper(p: number, keep: number): Warper {
  return (scores) => {
    // p · max probability in logits; transformers compares probabilities, which is the same up to their rounding.
    const threshold = maximum(scores) + Math.log(p);
    const kept = keep === 1 ? [] : largest(scores, keep).map((id) => ({ id, score: scores[id] }));
    for (let i = 0; i < scores.length; i++) if (scores[i] < threshold) scores[i] = -Infinity;
    for (const { id, score } of kept) scores[id] = score;
  };
}
