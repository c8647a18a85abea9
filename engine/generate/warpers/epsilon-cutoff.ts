/**
 * Truncation by a floor (Hewitt et al. 2022, arXiv:2210.15191, epsilon sampling), as transformers' EpsilonLogitsWarper: tokens less
 * probable than the floor are dropped.
 */
import { z } from 'zod';
import { softmax } from './softmax.js';
import { largest } from './top-k.js';
import type { Warper, WarperSetting } from './types.js';

export const epsilonCutoff: WarperSetting = {
  schema: z.number().min(0).lt(1),
  off: 0,
  help: 'draws from tokens of at least this probability; 0: from all',
  only: 'sampling',
  words: (value) => `epsilon cutoff ${value}`,
  make: (value, { minTokensToKeep }) => epsilonCutoffWarper(value, minTokensToKeep),
};

/**
 * @param epsilon in (0, 1): the floor
 * @param keep so many of the most probable tokens stay in any case
 */
export function epsilonCutoffWarper(epsilon: number, keep: number): Warper {
  const floor = Math.fround(epsilon);
  return (scores) => {
    const probabilities = softmax(scores);
    const kept = new Set(largest(scores, keep));
    for (let i = 0; i < scores.length; i++) if (probabilities[i] < floor && !kept.has(i)) scores[i] = -Infinity;
  };
}
