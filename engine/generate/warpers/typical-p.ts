/**
 * Locally typical sampling (Meister et al. 2022, arXiv:2202.00666), as transformers' TypicalLogitsWarper: tokens are kept from the
 * one whose surprise is nearest to the entropy onwards until they hold the mass; ties with the last one stay.
 */
import { z } from 'zod';
import { softmax } from './softmax.js';
import type { Warper, WarperSetting } from './types.js';

export const typicalP: WarperSetting = {
  schema: z.number().gt(0).max(1),
  off: 1,
  help: 'draws from the locally typical tokens that hold this mass; 1: from all',
  only: 'sampling',
  words: (value) => `typical-p ${value}`,
  make: (value, { minTokensToKeep }) => typicalPWarper(value, minTokensToKeep),
};

/**
 * @param mass in (0, 1): probability that stays
 * @param keep so many of the most typical tokens stay in any case
 */
export function typicalPWarper(mass: number, keep: number): Warper {
  return (scores) => {
    const probabilities = softmax(scores);
    let entropy = 0;
    for (const p of probabilities) if (p > 0) entropy -= p * Math.log(p);
    const distance = probabilities.map((p) => Math.abs(-Math.log(p) - entropy));
    const order = Uint32Array.from(distance, (_, id) => id).sort((a, b) => distance[a] - distance[b] || a - b);
    let last = 0;
    for (let cumulative = probabilities[order[0]]; cumulative < mass && last < order.length - 1;)
      cumulative += probabilities[order[++last]];
    const threshold = distance[order[last]];
    for (let i = keep; i < order.length; i++) if (distance[order[i]] > threshold) scores[order[i]] = -Infinity;
  };
}
