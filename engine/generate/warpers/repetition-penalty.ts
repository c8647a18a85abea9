/**
 * Repetition penalty (Keskar et al. 2019, CTRL, arXiv:1909.05858), as transformers' RepetitionPenaltyLogitsProcessor: the score of
 * a token that stands in the prompt or in what is written is divided by the penalty where positive, multiplied where negative.
 */
import { z } from 'zod';
import type { Warper, WarperSetting } from './types.js';

export const repetitionPenalty: WarperSetting = {
  schema: z.number().gt(0).max(100),
  off: 1,
  help: 'above 1 discourages tokens of the prompt and of what is written; 1: off',
  words: (value) => `repetition penalty ${value}`,
  make: repetitionPenaltyProcessor,
};

/** @param penalty > 0; above 1 discourages tokens that were there, below 1 encourages them */
export function repetitionPenaltyProcessor(penalty: number): Warper {
  const factor = Math.fround(penalty);
  return (scores, { tokens, length }) => {
    for (const id of new Set(tokens.subarray(0, length))) {
      scores[id] = scores[id] < 0 ? scores[id] * factor : scores[id] / factor;
    }
  };
}
