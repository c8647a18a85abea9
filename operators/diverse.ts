/** Of all texts a share stays that is as different as it can be, or as good and as different. */
import { z } from 'zod';
import { featuresOf, type Features } from '../observations/detector/features.js';
import { checkReading, readingFields, readingNeeds, readingsOf } from './reading.js';
import type { Operator, Text, Verdict } from './types.js';

const relevance = z
  .strictObject({
    ...readingFields,
    weight: z.number().gt(0).lt(1).default(0.5).describe('What the reading counts for; difference counts for the rest.'),
    prefer: z.enum(['highest', 'lowest']).default('highest'),
  })
  .check(checkReading);

const settings = z.strictObject({
  share: z.number().gt(0).lt(1).describe('How many of the texts stay: 0.5 for half of them, rounded to whole texts.'),
  orders: z.int().min(1).max(8).default(2).describe('Texts are alike as their n-grams of 1 to so many tokens are.'),
  relevance: relevance.optional().describe('A reading that counts beside difference. Default: none.'),
});

/** n-grams are hashed into so many bits. */
const BITS = 18;

/**
 * Greedy, one text after the other: the one whose highest cosine similarity to those that were chosen is lowest, over vectors of
 * n-gram counts' logarithms. That is farthest-point selection (Gonzalez 1985: no chosen set of that size has more than twice its least
 * distance), by which Shi et al., "A closer look at model collapse: from a generalization-to-memorization perspective"
 * (arXiv:2509.16499) raise the Kozachenko-Leonenko entropy of a training set. With `relevance` it is maximal marginal relevance (Carbonell
 * and Goldstein 1998): weight x reading - (1 - weight) x that similarity, readings scaled to [0, 1]; a text without a reading counts as 0. It begins with the
 * most relevant text, without relevance with the first. n texts of m n-grams each take n² m share operations.
 */
export const diverse: Operator<typeof settings> = {
  name: 'diverse',
  version: 1,
  summary:
    'Of all texts a `share` stays that is as different as it can be in its n-grams, chosen one by one; with `relevance` by a reading, too.',
  settings,
  comparesTexts: true,
  needs: ({ relevance: one }) => (one ? readingNeeds(one) : []),
  apply(texts, { share, orders, relevance: one }, tables) {
    const features = texts.map(({ tokens }) => featuresOf(tokens, orders, BITS));
    const weight = one?.weight ?? 0;
    const worth = one ? scaled(readingsOf(texts, one, tables), one.prefer === 'highest' ? 1 : -1) : texts.map(() => 0);
    const nearest = new Float64Array(texts.length);
    const chosen = new Set<number>();
    const count = Math.min(texts.length, Math.max(1, Math.round(share * texts.length)));
    while (chosen.size < count) {
      let best = -1;
      let most = -Infinity;
      texts.forEach((_, i) => {
        const score = weight * worth[i] - (1 - weight) * nearest[i];
        if (score > most && !chosen.has(i)) [best, most] = [i, score];
      });
      chosen.add(best);
      raise(nearest, features, features[best]);
    }
    return texts.map((_: Text, i): Verdict => (chosen.has(i) ? 'keep' : 'remove'));
  },
};

/** Each text's highest similarity, where one more is chosen. */
function raise(nearest: Float64Array, features: readonly Features[], { at, value }: Features): void {
  const dense = new Float32Array(2 ** BITS);
  at.forEach((place, k) => (dense[place] = value[k]));
  features.forEach((other, i) => {
    let similarity = 0;
    for (let k = 0; k < other.at.length; k++) similarity += other.value[k] * dense[other.at[k]];
    if (similarity > nearest[i]) nearest[i] = similarity;
  });
}

/** From 0 for the worst to 1 for the best; 0 for what is no number, and where all are equal. */
function scaled(readings: readonly number[], sign: 1 | -1): number[] {
  const signed = readings.map((value) => sign * value);
  const finite = signed.filter((value) => Number.isFinite(value));
  const low = finite.reduce((least, value) => Math.min(least, value), Infinity);
  const range = finite.reduce((most, value) => Math.max(most, value), -Infinity) - low;
  return signed.map((value) => (Number.isNaN(value) || !(range > 0) ? 0 : Math.min(1, Math.max(0, (value - low) / range))));
}
