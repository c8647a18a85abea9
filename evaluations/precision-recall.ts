/** Whether written texts lie among real ones, and whether they reach all of them. */
import { z } from 'zod';
import { comparing, embeddingsOf, ofTexts, REAL, WRITTEN } from './embeddings.js';
import { rowsOf } from './rows.js';
import { precisionRecall as precisionRecallOf } from './sample-distances.js';
import type { Evaluation } from './types.js';

/**
 * Share of written texts whose embedding lies within real text (precision), and of real test texts within reach of what was written (recall),
 * in [0, 1]: no farther from some text of the other set than that one's k-th nearest in its own. In collapse recall falls first. n: written
 * texts, and real ones. None where a set has no more than k texts. Source: Kynkäänniemi et al. (2019), arXiv:1904.06991.
 */
export const precisionRecall: Evaluation = {
  ...comparing,
  name: 'precision-recall',
  variant: 'k-nearest/real-test',
  summary: 'Precision and recall of the embeddings of written against real test texts, by k nearest neighbours; 0 to 1.',
  higherIsBetter: true,
  settings: z.strictObject({
    ...ofTexts(5000),
    k: z.int().min(1).max(1000).default(5).describe('A text reaches as far as its so-manieth nearest other.'),
  }),
  compute(input, settings) {
    const [real, written] = [embeddingsOf(input, REAL, settings), embeddingsOf(input, WRITTEN, settings)];
    const found = precisionRecallOf(real, written, Number(settings.k));
    if (!found) return [];
    const row = rowsOf(this, settings);
    return [row(found.precision, written.count, 'precision'), row(found.recall, real.count, 'recall')];
  },
};
