/** Bans end tokens until enough tokens are written, as transformers' MinNewTokensLengthLogitsProcessor. */
import type { Warper } from './types.js';

/** @param minimum new tokens before an end token may come */
export function minNewTokensProcessor(minimum: number, endTokens: readonly number[]): Warper {
  return (scores, { length, promptLength }) => {
    if (length - promptLength < minimum) for (const id of endTokens) scores[id] = -Infinity;
  };
}
