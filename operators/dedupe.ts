/** A text stays once. */
import { z } from 'zod';
import type { Operator, Verdict } from './types.js';

const settings = z.strictObject({
  within: z
    .enum(['set', 'prompt'])
    .default('set')
    .describe('Among which texts: all of the set, or those that continue the same prompt.'),
});

export const dedupe: Operator<typeof settings> = {
  name: 'dedupe',
  version: 1,
  summary: 'Of texts that are the same, character for character, the first stays.',
  settings,
  comparesTexts: true,
  apply(texts, { within }) {
    const seen = new Set<string>();
    return texts.map(({ text, continues = '' }): Verdict => {
      const known = within === 'set' ? text : `${continues}\n${text}`;
      if (seen.has(known)) return 'remove';
      seen.add(known);
      return 'keep';
    });
  },
};
