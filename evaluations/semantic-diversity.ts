/** D_sem: how much written texts differ in meaning. */
import { z } from 'zod';
import { embeddingsOf, ofSentences, ofTexts, WRITTEN, WRITTEN_SENTENCES } from './embeddings.js';
import { rowsOf } from './rows.js';
import { cosineSpread, euclideanSpread } from './semantic-distances.js';
import type { Evaluation, ObservationRef } from './types.js';
import { normalised } from './vectors.js';

const common = {
  name: 'd-sem',
  version: 1,
  higherIsBetter: true,
  usual: false,
  of: 'texts',
  group: 'meaning',
  subject: 'generated',
} as const satisfies Partial<Evaluation>;

/** What is compared: whole texts, or the sentences that they are cut into. */
interface Unit {
  readonly of: ObservationRef;
  readonly name: 'texts' | 'sentences';
  /** of the variant's name */
  readonly suffix: string;
}
const TEXTS: Unit = { of: WRITTEN, name: 'texts', suffix: '' };
const SENTENCES: Unit = { of: WRITTEN_SENTENCES, name: 'sentences', suffix: '-sentences' };

const MOST = 5000;
const sizeOf = ({ name }: Unit, most = MOST) => (name === 'texts' ? ofTexts(most) : ofSentences(most));

/**
 * Σ |e_i - e_j| / N² over all ordered pairs, a text with itself among them; `…/centroid`: mean |e_i - ē|, ē the plain mean;
 * `…/different-texts`: over pairs of two texts alone, which does not depend on N. Of vectors of length 1 in [0, √2) and [0, 1]; near its ceiling
 * where texts have little to do with each other. n: texts. None of fewer than two texts, or where a zero vector cannot be normalised.
 * `stein-sentences`: of sentences, as the thesis has it (cut by NLTK there, without punctuation; here by Habsburg's parser, as they stand).
 * Source: Stein, thesis code.
 */
const stein = (unit: Unit): Evaluation => ({
  ...common,
  variant: `stein${unit.suffix}`,
  version: unit === TEXTS ? 2 : 1,
  summary: `D_sem of Stein: mean Euclidean distance of the embeddings of written ${unit.name} over all N² pairs, and from their mean; higher is more diverse.`,
  needs: { observations: [unit.of] },
  settings: z.strictObject({
    ...sizeOf(unit),
    normalize: z.boolean().default(true).describe('Whether embeddings are scaled to length 1 before.'),
  }),
  compute(input, settings) {
    const vectors = embeddingsOf(input, unit.of, settings);
    const compared = settings.normalize ? normalised(vectors) : vectors;
    const spread = compared && euclideanSpread(compared);
    if (!spread) return [];
    const row = rowsOf(this, settings);
    const n = vectors.count;
    return [
      row(spread.pairs, n),
      row(spread.centre, n, 'centroid'),
      row((spread.pairs * n) / (n - 1), n, `different-${unit.name}`),
    ];
  },
});

/** @param share of 1 - cos */
const byCosine = (unit: Unit, share: number, said: Pick<Evaluation, 'variant' | 'summary' | 'settings'>): Evaluation => ({
  ...common,
  ...said,
  needs: { observations: [unit.of] },
  compute(input, settings) {
    const unitVectors = normalised(embeddingsOf(input, unit.of, settings));
    const spread = unitVectors && cosineSpread(unitVectors);
    if (!spread) return [];
    const row = rowsOf(this, settings);
    const value = row(share * spread.pairs, unitVectors.count);
    return spread.margin === undefined ? [value] : [value, row(share * spread.margin, unitVectors.count, 'jackknife-margin')];
  },
});

/**
 * Mean of (1 - cos) / 2 over all pairs of two texts, in [0, 1]; `…/jackknife-margin`: half of its 95 % interval, by leaving out a text at a
 * time (Guo's own ± takes pairs as independent and is far too small). n: texts. None of fewer than two texts, or with a zero vector.
 * `guo-sentences`: of the first 3,000 sentences, where the paper draws as many and leaves out the first and last of a text.
 * Source: Guo et al. (2024), arXiv:2311.09807, public code.
 */
const guo = (unit: Unit): Evaluation =>
  byCosine(unit, 1 / 2, {
    variant: `guo${unit.suffix}`,
    summary: `D_sem of Guo: mean of (1 - cos) / 2 over pairs of written ${unit.name}, 0 to 1, with its jackknife margin.`,
    settings: z.strictObject(sizeOf(unit, unit === TEXTS ? MOST : 3000)),
  });

/** Mean of 1 - cos over all pairs of two texts, in [0, 2]; the rest as Guo's. Source: Schaffelder & Gatt (2025). */
const schaffelder = byCosine(TEXTS, 1, {
  variant: 'schaffelder',
  summary: 'D_sem of Schaffelder: mean of 1 - cos over pairs of written texts, 0 to 2, with its jackknife margin.',
  settings: z.strictObject(ofTexts(MOST)),
});

export const semanticDiversities: readonly Evaluation[] = [
  stein(TEXTS),
  guo(TEXTS),
  schaffelder,
  stein(SENTENCES),
  guo(SENTENCES),
];
