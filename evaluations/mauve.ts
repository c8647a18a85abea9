/** MAUVE of written against real texts, over whatever encoder is given. */
import { z } from 'zod';
import { comparing, embeddingsOf, ofTexts, REAL, WRITTEN } from './embeddings.js';
import { mauveScore } from './mauve-score.js';
import { rowsOf } from './rows.js';
import type { Evaluation } from './types.js';

/**
 * MAUVE in [0, 1], the mean over as many k-means as `runs` says, seeds `seed`, `seed` + 1 …; `…/spread`: their standard deviation, what is
 * chance in a single one; `…/star`: bins smoothed; `…/frontier-integral` (0 closest) and `…/frontier-integral-star`. n: written texts. As
 * mauve-text, but for the encoder, which there is GPT-2: comparable among values of one encoder and of equal n alone.
 * None where a vector is zero or a set is empty. Source: Pillutla et al. (2021), arXiv:2102.01454; mauve-text 0.4.0.
 */
export const mauve: Evaluation = {
  ...comparing,
  name: 'mauve',
  variant: 'mauve-text/real-test',
  summary:
    'MAUVE, as mauve-text computes it, of the embeddings of written against real test texts, over the given encoder; 0 to 1, higher is closer.',
  higherIsBetter: true,
  settings: z.strictObject({
    ...ofTexts(1000),
    buckets: z.int().min(0).max(10_000).default(0).describe('Clusters; 0: a tenth of the smaller set, rounded half to even.'),
    scaling: z.number().min(0.01).max(100).default(5).describe('How fast the curve falls with divergence.'),
    seed: z.int().min(0).max(1e9).default(0).describe('Of the first k-means.'),
    runs: z.int().min(1).max(100).default(5).describe('k-means whose values are averaged.'),
  }),
  compute(input, settings) {
    const [real, written] = [embeddingsOf(input, REAL, settings), embeddingsOf(input, WRITTEN, settings)];
    const { buckets, scaling, seed } = settings as Readonly<Record<'buckets' | 'scaling' | 'seed', number>>;
    const found = Array.from({ length: Number(settings.runs) }, (_, i) =>
      mauveScore(real, written, { buckets, scaling, seed: seed + i }),
    ).filter((one) => one !== undefined);
    if (found.length === 0) return [];
    const mean = (of: (one: (typeof found)[number]) => number): number =>
      found.reduce((sum, one) => sum + of(one), 0) / found.length;
    const middle = mean((one) => one.mauve);
    const row = rowsOf(this, settings);
    const n = written.count;
    return [
      row(middle, n),
      ...(found.length < 2
        ? []
        : [row(Math.sqrt((mean((one) => (one.mauve - middle) ** 2) * found.length) / (found.length - 1)), n, 'spread')]),
      row(
        mean((one) => one.star.mauve),
        n,
        'star',
      ),
      row(
        mean((one) => one.frontierIntegral),
        n,
        'frontier-integral',
      ),
      row(
        mean((one) => one.star.frontierIntegral),
        n,
        'frontier-integral-star',
      ),
    ];
  },
};
