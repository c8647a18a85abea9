/** A text loses the sentence that it breaks off in. */
import { z } from 'zod';
import type { Operator, Verdict } from './types.js';

const CLOSING = '"\'”’»)\\]}」』）';
/** After these a sentence has ended, whatever follows. */
const FULL_WIDTH = /[。！？]/u;

const settings = z.strictObject({
  ends: z.string().min(1).max(100).default('.!?…。！？').describe('Characters that end a sentence.'),
});

export const dropIncomplete: Operator<typeof settings> = {
  name: 'drop-incomplete',
  version: 1,
  summary:
    'A text ends with its last whole sentence: behind one of `ends`, and closing quotes and brackets, where white space or nothing follows; one without is removed.',
  settings,
  changes: true,
  apply(texts, { ends }) {
    const end = new RegExp(`[${ends.replace(/[\\\]^-]/g, '\\$&')}]+[${CLOSING}]*`, 'gu');
    return texts.map(({ text }): Verdict => {
      let to = 0;
      for (const { index, 0: found } of text.matchAll(end)) {
        const behind = index + found.length;
        if (behind === text.length || /\s/.test(text[behind]) || FULL_WIDTH.test(found)) to = behind;
      }
      if (to === 0) return 'remove';
      return text.slice(to).trim() === '' ? 'keep' : { from: 0, to };
    });
  },
};
