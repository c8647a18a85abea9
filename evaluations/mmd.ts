/** Maximum mean discrepancy of written texts from real ones. */
import { z } from 'zod';
import { comparing, embeddingsOf, ofTexts, REAL, WRITTEN } from './embeddings.js';
import { rowsOf } from './rows.js';
import { medianGamma, mmdSquared } from './sample-distances.js';
import type { Evaluation } from './types.js';
import { firstVectors } from './vectors.js';

/** Texts of each set that the median distance is taken of: it needs all pairs at once. */
const FOR_MEDIAN = 1000;

/**
 * MMD² with the kernel exp(-gamma |x - y|²) between the embeddings of written and of real test texts: the unbiased statistic, which may be
 * negative where nothing tells them apart, and `…/biased`. n: written texts. None of fewer than two texts.
 * Source: Gretton et al., "A kernel two-sample test" (2012).
 */
export const mmd: Evaluation = {
  ...comparing,
  name: 'mmd',
  variant: 'gaussian/real-test',
  summary:
    'Squared maximum mean discrepancy of the embeddings of written texts from those of real test texts; near 0 is closest.',
  higherIsBetter: false,
  settings: z.strictObject({
    ...ofTexts(1000),
    gamma: z.number().min(0).max(1e9).default(0).describe('Of the kernel; 0: 1 / (2 m²), m the median distance of the first 1,000 texts of both sets.'), // prettier-ignore
  }),
  compute(input, settings) {
    const [real, written] = [embeddingsOf(input, REAL, settings), embeddingsOf(input, WRITTEN, settings)];
    if (real.count < 2 || written.count < 2) return [];
    const gamma = Number(settings.gamma) || medianGamma(firstVectors(real, FOR_MEDIAN), firstVectors(written, FOR_MEDIAN));
    if (gamma === undefined) return [];
    const { biased, unbiased } = mmdSquared(real, written, gamma)!;
    const row = rowsOf(this, settings);
    return [row(unbiased!, written.count), row(biased, written.count, 'biased')];
  },
};
