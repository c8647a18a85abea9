/** Of all texts those stay that an instrument reads highest, or lowest. */
import { z } from 'zod';
import { checkReading, readingFields, readingNeeds, readingsOf } from './reading.js';
import type { Operator, Verdict } from './types.js';

const settings = z
  .strictObject({
    ...readingFields,
    share: z.number().gt(0).lt(1).describe('How many of the texts stay: 0.5 for half of them, rounded to whole texts.'),
    keep: z.enum(['highest', 'lowest']).default('highest'),
  })
  .check(checkReading);

/**
 * Of n texts round(share n) stay, at least one; of equal readings the first; what has no reading stays last of all. With nll_sum per
 * token_count those that surprise the model most, which Gambetta et al., "Learning by surprise" (arXiv:2410.12341), train on.
 */
export const rank: Operator<typeof settings> = {
  name: 'rank',
  version: 1,
  summary: 'Of all texts a `share` stays: those with the highest (or lowest) `column` (divided by `per`) of an observation.',
  settings,
  comparesTexts: true,
  needs: readingNeeds,
  apply(texts, { share, keep, ...reading }, tables) {
    const sign = keep === 'highest' ? -1 : 1;
    const readings = readingsOf(texts, reading, tables).map((value) => (Number.isNaN(value) ? Infinity : sign * value));
    const order = Array.from(readings.keys()).sort((a, b) => (readings[a] === readings[b] ? a - b : readings[a] - readings[b]));
    const staying = new Set(order.slice(0, Math.max(1, Math.round(share * texts.length))));
    return texts.map((_, i): Verdict => (staying.has(i) ? 'keep' : 'remove'));
  },
};
