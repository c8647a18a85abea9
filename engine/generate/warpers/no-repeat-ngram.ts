/**
 * No n-gram comes twice (Paulus et al. 2017, arXiv:1705.04304, section 2.5), as transformers' NoRepeatNGramLogitsProcessor: a token
 * that would complete an n-gram of the prompt or of what is written is banned.
 */
import { z } from 'zod';
import type { Warper, WarperSetting } from './types.js';

export const noRepeatNgramSize: WarperSetting = {
  schema: z.int().min(0).max(8192),
  off: 0,
  help: 'no n-gram of so many tokens comes twice, the prompt included; 0: off',
  words: (value) => `no ${value}-gram twice`,
  make: noRepeatNgramProcessor,
};

/** @param size n >= 1 */
export function noRepeatNgramProcessor(size: number): Warper {
  return (scores, { tokens, length }) => {
    const suffix = length - (size - 1);
    for (let start = 0; start + size <= length; start++) {
      let k = 0;
      while (k < size - 1 && tokens[start + k] === tokens[suffix + k]) k++;
      if (k === size - 1) scores[tokens[start + size - 1]] = -Infinity;
    }
  };
}
