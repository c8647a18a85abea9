/** When a sequence ends: behind an end token, with a stop string, or at the limit of new tokens. */
import { z } from 'zod';
import { HabsburgError } from '../../common/errors.js';
import type { DecodingSetting } from './settings.js';
import type { StoppingRule } from './types.js';
import type { History } from './warpers/types.js';

export const stopStrings: DecodingSetting<readonly string[]> = {
  schema: z.array(z.string().min(1).max(1000)).max(100),
  off: [],
  help: 'a text ends with the token that completes one of these, even before an end token may come',
  words: (value) => `stops at ${value.map((text) => JSON.stringify(text)).join(', ')}`,
};

/** Tokens more than a stop string has bytes: those that begin or end outside of it, and special ones, which may decode to nothing. */
const MARGIN = 8;

/**
 * Whether a sequence ends with its last token. A stop string ends it when the last token completes it, as transformers'
 * StopStringCriteria has it: it may begin in the prompt and need not be the end of the token's text.
 * @param decode the text of token ids
 * @throws HabsburgError `invalid` if there are stop strings but no way to decode
 */
export function stoppingRule(
  { maxNewTokens, stopStrings }: { readonly maxNewTokens: number; readonly stopStrings: readonly string[] },
  endTokens: readonly number[],
  decode: ((ids: ArrayLike<number>) => string) | undefined,
): StoppingRule {
  if (stopStrings.length > 0 && decode === undefined) {
    throw new HabsburgError('invalid', 'stop strings need a tokenizer beside the model; there is no tokenizer.json');
  }
  const window = MARGIN + Math.max(0, ...stopStrings.map((text) => Buffer.byteLength(text)));
  const completed = ({ tokens, length }: History): boolean => {
    const from = Math.max(0, length - window);
    // A character whose last bytes are yet to come decodes to U+FFFD.
    const before = decode!(tokens.subarray(from, length - 1)).replace(/\uFFFD+$/, '');
    const text = decode!(tokens.subarray(from, length));
    return stopStrings.some((stop) => text.includes(stop, Math.max(0, before.length - stop.length + 1)));
  };
  return (token, written, history) =>
    written >= maxNewTokens || endTokens.includes(token) || (stopStrings.length > 0 && completed(history()));
}
