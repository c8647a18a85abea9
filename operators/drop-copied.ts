/** What a text copies from its prompt goes. */
import { z } from 'zod';
import type { Operator, Verdict } from './types.js';

const settings = z.strictObject({
  minCharacters: z
    .int()
    .min(1)
    .max(1e6)
    .default(20)
    .describe('A copy has at least so many characters: a short answer may well stand in its question.'),
});

export const dropCopied: Operator<typeof settings> = {
  name: 'drop-copied',
  version: 1,
  summary:
    'A text that begins with its whole prompt loses that opening, as often as it comes; one that stands in its prompt, word for word and whole, is removed. White space at the ends aside.',
  settings,
  changes: true,
  comparesPrompts: true,
  apply(texts, { minCharacters }) {
    return texts.map(({ text, prompt = '' }): Verdict => {
      const copied = prompt.trim();
      const start = (from: number): number => text.length - text.slice(from).trimStart().length;
      let from = start(0);
      if (copied.length >= minCharacters) while (text.startsWith(copied, from)) from = start(from + copied.length);
      if (from > start(0)) return from === text.length ? 'remove' : { from, to: text.length };
      const whole = text.trim();
      return whole.length >= minCharacters && copied.includes(whole) ? 'remove' : 'keep';
    });
  },
};
