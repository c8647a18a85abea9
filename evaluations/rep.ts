/** rep-n: how much a model repeats itself inside one record. */
import { z } from 'zod';
import { textsOf } from './input.js';
import { addNgrams } from './ngrams.js';
import { rowsOf } from './rows.js';
import type { Evaluation } from './types.js';

/**
 * Mean over written records of 1 - different n-grams / all n-grams, in [0, 1), unrounded. Records shorter than `order` have no
 * n-gram and are left out rather than counted as free of repetition; n: records that were counted.
 * Source: Welleck et al., "Neural text generation with unlikelihood training" (ICLR 2020), seq-rep-n, as a fraction.
 */
export const rep: Evaluation = {
  name: 'rep',
  variant: 'mean-over-records',
  version: 1,
  summary: 'rep-n: mean share of repeated n-grams inside a written block (`order` 4: rep-4); 0 to 1, lower is better.',
  higherIsBetter: false,
  of: 'texts',
  group: 'quality',
  needs: { records: ['generated'] },
  settings: z.strictObject({ order: z.int().min(1).max(16).default(4).describe('n of the n-grams: rep-n.') }),
  headline: ['mean-over-records'],
  meansOverTexts: ['mean-over-records'],
  subject: 'generated',
  compute(input, settings) {
    let sum = 0;
    let n = 0;
    for (const record of textsOf(input, 'generated').tokens) {
      const seen = new Set<string>();
      const total = addNgrams(seen, record, Number(settings.order));
      if (total === 0) continue;
      sum += 1 - seen.size / total;
      n++;
    }
    return n === 0 ? [] : [rowsOf(this, settings)(sum / n, n)];
  },
};
