/** A text ends where a string stands. */
import { z } from 'zod';
import type { Operator, Verdict } from './types.js';

const string = z.string().min(1).max(1000);

const settings = z.strictObject({
  at: z
    .union([string, z.array(string).min(1).max(100)])
    .default('\n')
    .describe('The string; of several, the one that comes first.'),
  include: z.boolean().default(false).describe('Whether the string stays, as the end of the text.'),
});

export const cut: Operator<typeof settings> = {
  name: 'cut',
  version: 1,
  summary: 'A text ends before the first `at` (behind it with `include`); one of which nothing is left is removed.',
  settings,
  changes: true,
  apply(texts, { at, include }) {
    const strings = typeof at === 'string' ? [at] : at;
    return texts.map(({ text }): Verdict => {
      let to = text.length;
      let first = text.length;
      for (const one of strings) {
        const found = text.indexOf(one);
        if (found < 0 || found > first) continue;
        const end = found + (include ? one.length : 0);
        // of two that begin together the longer one
        to = found < first ? end : Math.max(to, end);
        first = found;
      }
      if (to === 0) return 'remove';
      return to === text.length ? 'keep' : { from: 0, to };
    });
  },
};
