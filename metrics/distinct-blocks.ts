/** How many of the written records are different from each other. */
import { metricDefaults, METRIC_WORDS } from '../spec/metrics.js';
import type { Metric } from './types.js';

/** Different written records (as token sequences) / written records, in (0, 1]. n: written records. */
export const distinctBlocks: Metric = {
  name: 'distinct-blocks',
  variant: METRIC_WORDS['distinct-blocks'].variant,
  version: 1,
  summary: 'Share of written blocks that are different from all others before them; 0 to 1, higher is better.',
  higherIsBetter: true,
  needs: [],
  defaults: metricDefaults('distinct-blocks'),
  subject: 'generated',
  compute(input, settings) {
    const n = input.generated.tokens.length;
    if (n === 0) return [];
    const different = new Set(input.generated.tokens.map((record) => record.join(',')));
    return [{ metric: this.name, variant: this.variant, version: this.version, value: different.size / n, n, settings }];
  },
};
