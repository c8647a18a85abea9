/** How many of the written records are different from each other. */
import { textsOf } from './input.js';
import { rowsOf } from './rows.js';
import { NONE } from './settings.js';
import type { Evaluation } from './types.js';

/** Different written records (as token sequences) / written records, in (0, 1]. n: written records. */
export const distinctBlocks: Evaluation = {
  name: 'distinct-blocks',
  variant: 'share-of-records',
  version: 1,
  summary: 'Share of written blocks that are different from all others before them; 0 to 1, higher is better.',
  higherIsBetter: true,
  of: 'texts',
  group: 'quality',
  needs: { records: ['generated'] },
  settings: NONE,
  subject: 'generated',
  compute(input, settings) {
    const { tokens } = textsOf(input, 'generated');
    const n = tokens.length;
    if (n === 0) return [];
    const different = new Set(tokens.map((record) => record.join(',')));
    return [rowsOf(this, settings)(different.size / n, n)];
  },
};
