/**
 * No n-gram comes twice (Paulus et al. 2017, arXiv:1705.04304, section 2.5), as transformers' NoRepeatNGramLogitsProcessor: a token
 * that would complete an n-gram of the prompt or of what is written is banned.
 */
import type { Warper } from './types.js';

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
