/** Energy distance of written texts from real ones. */
import { z } from 'zod';
import { comparing, embeddingsOf, ofTexts, REAL, WRITTEN } from './embeddings.js';
import { rowsOf } from './rows.js';
import { energyDistance as energyOf } from './sample-distances.js';
import type { Evaluation } from './types.js';

/**
 * 2 E|X - Y| - E|X - X'| - E|Y - Y'| between the embeddings of written and of real test texts, not rooted: without the pairs of a text with
 * itself, and so perhaps negative, and `…/biased` with them. n: written texts. None of fewer than two texts.
 * Source: Székely & Rizzo, "Energy statistics" (2013).
 */
export const energyDistance: Evaluation = {
  ...comparing,
  name: 'energy-distance',
  variant: 'embeddings/real-test',
  summary: 'Energy distance of the embeddings of written texts from those of real test texts; near 0 is closest.',
  higherIsBetter: false,
  settings: z.strictObject(ofTexts(5000)),
  compute(input, settings) {
    const [real, written] = [embeddingsOf(input, REAL, settings), embeddingsOf(input, WRITTEN, settings)];
    const found = energyOf(real, written);
    if (found?.unbiased === undefined) return [];
    const row = rowsOf(this, settings);
    return [row(found.unbiased, written.count), row(found.biased, written.count, 'biased')];
  },
};
