/** Fréchet distance of written texts from real ones. */
import { z } from 'zod';
import { comparing, embeddingsOf, ofTexts, REAL, WRITTEN } from './embeddings.js';
import { frechetDistance } from './frechet-distance.js';
import { rowsOf } from './rows.js';
import type { Evaluation } from './types.js';

/**
 * Fréchet distance (squared) between the embeddings of written and of real test texts, each taken as normal, in [0, ∞). n: written texts. It
 * falls with n where n is not far above the dimensions, so compare at equal n. None of fewer than two texts.
 * Source: Heusel et al. (2017), arXiv:1706.08500.
 */
export const frechet: Evaluation = {
  ...comparing,
  name: 'frechet',
  variant: 'embeddings/real-test',
  summary:
    'Fréchet distance of the embeddings of written texts from those of real test texts, each taken as normal; lower is closer.',
  higherIsBetter: false,
  settings: z.strictObject(ofTexts(5000)),
  compute(input, settings) {
    const written = embeddingsOf(input, WRITTEN, settings);
    const value = frechetDistance(embeddingsOf(input, REAL, settings), written);
    return value === undefined ? [] : [rowsOf(this, settings)(value, written.count)];
  },
};
