/** Sequences of beams share their beginnings: each is a chain of tokens from its last one back. */
import type { History } from '../warpers/types.js';

/** A token and what comes before it. */
export interface Link {
  readonly token: number;
  /** new tokens up to this one */
  readonly length: number;
  readonly before?: Link;
}

/** The new tokens of a sequence; none if it has not begun. */
export function tokensOf(last: Link | undefined): Int32Array {
  const tokens = new Int32Array(last?.length ?? 0);
  for (let link = last; link !== undefined; link = link.before) tokens[link.length - 1] = link.token;
  return tokens;
}

/** Prompt and new tokens of a sequence. */
export function historyOf(prompt: Int32Array, last: Link | undefined): History {
  const length = prompt.length + (last?.length ?? 0);
  const tokens = new Int32Array(length);
  tokens.set(prompt);
  for (let link = last; link !== undefined; link = link.before) tokens[prompt.length + link.length - 1] = link.token;
  return { tokens, length, promptLength: prompt.length };
}
