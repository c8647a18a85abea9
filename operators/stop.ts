/** A text ends where a model's would have. */
import { z } from 'zod';
import type { Operator, Verdict } from './types.js';

const settings = z.strictObject({
  minTokens: z
    .int()
    .min(0)
    .max(1e9)
    .default(0)
    .describe('An end token ends the text only behind so many others, as decoding.minNewTokens has it.'),
  maxTokens: z
    .int()
    .min(1)
    .max(1e9)
    .optional()
    .describe('The text ends with this token at the latest, as with decoding.maxNewTokens. Default: no limit.'),
});

export const stop: Operator<typeof settings> = {
  name: 'stop',
  version: 1,
  summary:
    'A text ends with its first end token behind `minTokens` others, or with its `maxTokens`-th token: where a model that had written it would have stopped.',
  settings,
  changes: true,
  seesEnds: true,
  apply(texts, { minTokens, maxTokens = Infinity }) {
    return texts.map(({ tokens, ends = [] }): Verdict => {
      const end = ends.find((place) => place >= minTokens) ?? Infinity;
      const length = Math.min(end + 1, maxTokens);
      return length >= tokens.length ? 'keep' : { tokens: tokens.slice(0, length) };
    });
  },
};
