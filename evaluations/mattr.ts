/** MATTR: the type-token ratio of a window that moves along the texts. */
import { z } from 'zod';
import { movingAverageTtr } from './running-variety.js';
import { WORD_LIMIT, wordMetric } from './word-sample.js';

/**
 * Mean over all windows of `window` words of different words / words, of all texts in a row, in (0, 1]; of the whole where there are not
 * more words than that. n: words. Hardly depends on how much was written. Source: Covington and McFall, "Cutting the Gordian knot: the
 * moving-average type-token ratio" (2010); lexical-diversity 0.1.1.
 */
export const mattr = wordMetric({
  name: 'mattr',
  variant: 'moving-window',
  version: 1,
  summary: 'MATTR: mean type-token ratio of all windows of `window` words; 0 to 1, higher is more diverse.',
  higherIsBetter: true,
  settings: WORD_LIMIT.extend({ window: z.int().min(1).max(1e6).default(50).describe('Words of a window.') }),
  values: ({ words, types }, row, { window }) => [row(movingAverageTtr(words, types, Number(window))!, words.length)],
});
