/** D_sem: how much written texts differ in meaning. */
import { z } from 'zod';
import { embeddingsOf, ofTexts, WRITTEN } from './embeddings.js';
import { rowsOf } from './rows.js';
import { cosineSpread, euclideanSpread } from './semantic-distances.js';
import type { Evaluation, EvaluationInput, ScoreValue, Settings } from './types.js';
import { normalised } from './vectors.js';

const common = {
  name: 'd-sem',
  version: 1,
  higherIsBetter: true,
  usual: false,
  of: 'texts',
  group: 'meaning',
  needs: { observations: [WRITTEN] },
  subject: 'generated',
} as const satisfies Partial<Evaluation>;

const TEXTS = 5000;

/**
 * Σ |e_i - e_j| / N² over all ordered pairs, a text with itself among them; `…/centroid`: mean |e_i - ē|, ē the plain mean;
 * `…/different-texts`: over pairs of two texts alone, which does not depend on N. Of vectors of
 * length 1 in [0, √2) and [0, 1]; near its ceiling where texts have little to do with each other. n: texts. None of fewer than two texts, or
 * where a zero vector cannot be normalised. A unit is a written record; the thesis cuts lines into sentences. Source: Stein, thesis code.
 */
const stein: Evaluation = {
  ...common,
  variant: 'stein',
  version: 2,
  summary:
    'D_sem of Stein: mean Euclidean distance of the embeddings of written texts over all N² pairs, and from their mean; higher is more diverse.',
  settings: z.strictObject({
    ...ofTexts(TEXTS),
    normalize: z.boolean().default(true).describe('Whether embeddings are scaled to length 1 before.'),
  }),
  compute(input, settings) {
    const vectors = embeddingsOf(input, WRITTEN, settings);
    const compared = settings.normalize ? normalised(vectors) : vectors;
    const spread = compared && euclideanSpread(compared);
    if (!spread) return [];
    const row = rowsOf(this, settings);
    const n = vectors.count;
    return [row(spread.pairs, n), row(spread.centre, n, 'centroid'), row((spread.pairs * n) / (n - 1), n, 'different-texts')];
  },
};

/** @param share of 1 - cos */
function byCosine(evaluation: Evaluation, input: EvaluationInput, settings: Settings, share: number): ScoreValue[] {
  const unit = normalised(embeddingsOf(input, WRITTEN, settings));
  const spread = unit && cosineSpread(unit);
  if (!spread) return [];
  const row = rowsOf(evaluation, settings);
  const value = row(share * spread.pairs, unit.count);
  return spread.margin === undefined ? [value] : [value, row(share * spread.margin, unit.count, 'jackknife-margin')];
}

/**
 * Mean of (1 - cos) / 2 over all pairs of two texts, in [0, 1]; `…/jackknife-margin`: half of its 95 % interval, by leaving out a text at a
 * time (Guo's own ± takes pairs as independent and is far too small). n: texts. None of fewer than two texts, or with a zero vector.
 * Source: Guo et al. (2024), arXiv:2311.09807, public code.
 */
const guo: Evaluation = {
  ...common,
  variant: 'guo',
  summary: 'D_sem of Guo: mean of (1 - cos) / 2 over pairs of written texts, 0 to 1, with its jackknife margin.',
  settings: z.strictObject(ofTexts(TEXTS)),
  compute(input, settings) {
    return byCosine(this, input, settings, 1 / 2);
  },
};

/** Mean of 1 - cos over all pairs of two texts, in [0, 2]; the rest as Guo's. Source: Schaffelder & Gatt (2025). */
const schaffelder: Evaluation = {
  ...common,
  variant: 'schaffelder',
  summary: 'D_sem of Schaffelder: mean of 1 - cos over pairs of written texts, 0 to 2, with its jackknife margin.',
  settings: z.strictObject(ofTexts(TEXTS)),
  compute(input, settings) {
    return byCosine(this, input, settings, 1);
  },
};

export const semanticDiversities: readonly Evaluation[] = [stein, guo, schaffelder];
