/**
 * Prompt-lookup decoding (Saxena 2023, github.com/apoorvumang/prompt-lookup-decoding), with transformers' rules: what followed the
 * first earlier place of the longest matching end of the sequence is taken for a draft of its continuation. Summaries, translations
 * and code copy much from their prompts.
 */
import { z } from 'zod';
import type { DecodingSetting } from '../settings.js';

export const promptLookupNumTokens: DecodingSetting<number> = {
  schema: z.int().min(0).max(100),
  off: 0,
  help: 'so many tokens are guessed ahead from the text so far: the same tokens, sooner; 0: off',
  only: 'single',
  words: (value) => `prompt lookup of ${value} tokens`,
};

export const maxMatchingNgramSize: DecodingSetting<number> = {
  schema: z.int().min(1).max(100),
  off: 2,
  help: 'prompt lookup looks at most so many of the last tokens up',
};

/**
 * @param tokens the sequence so far
 * @param largestNgram the sequence's last tokens are looked up, so many at most
 * @param count draft tokens at most
 * @returns the draft; empty if nothing matches
 */
export function lookUp(tokens: Int32Array, largestNgram: number, count: number): Int32Array {
  const { length } = tokens;
  for (let size = Math.min(largestNgram, length - 1); size > 0; size--) {
    const suffix = length - size;
    for (let start = 0; start < suffix; start++) {
      let k = 0;
      while (k < size && tokens[start + k] === tokens[suffix + k]) k++;
      if (k === size) return tokens.subarray(start + size, Math.min(start + size + count, length));
    }
  }
  return new Int32Array(0);
}
