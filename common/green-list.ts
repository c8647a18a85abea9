/**
 * Green lists of a watermark (Kirchenbauer et al. 2023, arXiv:2301.10226): after each token every token of the vocabulary is green with
 * probability `fraction`, by Philox at (token before, token) under the key. So a list does not depend on the vocabulary's size, and who
 * holds texts alone can look for the mark; transformers' lists are torch's permutations of the vocabulary, and others.
 */
import { philox4x32 } from './philox.js';

export interface GreenList {
  /** share of tokens that are green, in (0, 1) */
  readonly fraction: number;
  /** a 32-bit number; with another one other tokens are green */
  readonly key: number;
}

const PURPOSE = 0x6772656e;
const word = new Uint32Array(4);

/** Whether a token is green after another. */
export function isGreen({ fraction, key }: GreenList, before: number, token: number): boolean {
  philox4x32(before, token >>> 2, PURPOSE, 0, key, 0, word);
  return word[token & 3] < fraction * 2 ** 32;
}

/** (size) 1 for each token of a vocabulary that is green after another, 0 for others. */
export function greenAfter({ fraction, key }: GreenList, before: number, size: number): Uint8Array {
  const green = new Uint8Array(size);
  const below = fraction * 2 ** 32;
  for (let token = 0; token < size; token++) {
    if ((token & 3) === 0) philox4x32(before, token >>> 2, PURPOSE, 0, key, 0, word);
    green[token] = word[token & 3] < below ? 1 : 0;
  }
  return green;
}
