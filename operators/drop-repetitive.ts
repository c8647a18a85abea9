/** A text that repeats itself too much goes. */
import { z } from 'zod';
import type { Operator, Verdict } from './types.js';

const settings = z.strictObject({
  order: z.int().min(1).max(16).default(4).describe('n of the n-grams of its tokens.'),
  max: z.number().min(0).lt(1).default(0.5).describe('The largest share of repeated n-grams that stays.'),
});

/**
 * The share is seq-rep-n, 1 - different n-grams / all n-grams, in [0, 1); 0 for a text that has none.
 * Source: Welleck et al., "Neural text generation with unlikelihood training" (ICLR 2020).
 */
export const dropRepetitive: Operator<typeof settings> = {
  name: 'drop-repetitive',
  version: 1,
  summary: 'A text of whose n-grams more than a share are repeated (rep-n above `max`) is removed.',
  settings,
  apply(texts, { order, max }) {
    return texts.map(({ tokens }): Verdict => {
      const all = Math.max(0, tokens.length - order + 1);
      const different = new Set(Array.from({ length: all }, (_, i) => tokens.slice(i, i + order).join())).size;
      return all > 0 && 1 - different / all > max ? 'remove' : 'keep';
    });
  },
};
