/** A text that is too short or too long goes. */
import { z } from 'zod';
import { hasLimits, LIMITS } from './settings.js';
import type { Operator, Verdict } from './types.js';

const limit = z.int().min(0).max(1e9).optional();

const settings = z
  .strictObject({
    minTokens: limit.describe('Tokens that it is written in, its end token among them.'),
    maxTokens: limit,
    minCharacters: limit.describe('Characters (code points).'),
    maxCharacters: limit,
  })
  .refine(({ minTokens, maxTokens, minCharacters, maxCharacters }) => hasLimits([minTokens, maxTokens], [minCharacters, maxCharacters]), LIMITS); // prettier-ignore

export const length: Operator<typeof settings> = {
  name: 'length',
  version: 1,
  summary: 'A text of fewer or more tokens or characters than the limits allow is removed.',
  settings,
  apply(texts, { minTokens = 0, maxTokens = Infinity, minCharacters = 0, maxCharacters = Infinity }) {
    return texts.map(({ text, tokens }): Verdict => {
      const characters = [...text].length;
      const fits = tokens.length >= minTokens && tokens.length <= maxTokens && characters >= minCharacters && characters <= maxCharacters; // prettier-ignore
      return fits ? 'keep' : 'remove';
    });
  },
};
