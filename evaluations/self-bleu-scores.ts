/** Self-BLEU of every text against all others in linear time. */
import { ngramsUpTo } from './token-ids.js';

export interface TextAgainstOthers {
  /** of the text's n-grams, [0] the 1-grams: how many are matched, clipped at the largest count in any other text, and all */
  readonly matched: readonly number[];
  readonly total: readonly number[];
  /** words of the text, and of the other text whose length is closest; the shorter where two are as close */
  readonly length: number;
  readonly reference: number;
}

/**
 * Clipped n-gram counts of each text against all others. Clipping needs the largest count of an n-gram in any *other* text: that is the
 * largest of all texts, or where the text itself has it the second largest. @returns none for fewer than two texts
 */
export function againstOthers(texts: readonly Int32Array[], order: number): TextAgainstOthers[] {
  if (texts.length < 2) return [];
  const references = closestOtherLengths(texts.map(({ length }) => length));
  const matched = texts.map(() => new Array<number>(order).fill(0));
  ngramsUpTo(texts, order).forEach(({ texts: rows, types }, n) => {
    const largest = new Uint32Array(types);
    const second = new Uint32Array(types);
    const counts = new Uint32Array(types);
    for (const row of rows) {
      for (const id of row) counts[id]++;
      for (const id of row) {
        const count = counts[id];
        if (count === 0) continue; // an n-gram's second position
        counts[id] = 0;
        if (count > largest[id]) {
          second[id] = largest[id];
          largest[id] = count;
        } else if (count > second[id]) second[id] = count;
      }
    }
    rows.forEach((row, t) => {
      let sum = 0;
      for (const id of row) counts[id]++;
      for (const id of row) {
        const count = counts[id];
        if (count === 0) continue;
        counts[id] = 0;
        sum += Math.min(count, count === largest[id] ? second[id] : largest[id]);
      }
      matched[t][n] = sum;
    });
  });
  return texts.map(({ length }, t) => ({
    matched: matched[t],
    total: matched[t].map((_, n) => Math.max(0, length - n)),
    length,
    reference: references[t],
  }));
}

/** Of each of at least two lengths the closest other one; the smaller where two are as close. */
function closestOtherLengths(lengths: readonly number[]): number[] {
  const order = lengths.map((_, i) => i).sort((a, b) => lengths[a] - lengths[b]);
  const closest = new Array<number>(lengths.length);
  order.forEach((i, at) => {
    const [below, above] = [order[at - 1], order[at + 1]].map((j) => (j === undefined ? undefined : lengths[j]));
    closest[i] = below === undefined || (above !== undefined && above - lengths[i] < lengths[i] - below) ? above! : below;
  });
  return closest;
}

/** Sentence BLEU in [0, 1] with equal weights and smoothing method 1 (ε = 0.1). Source: NLTK 3.10 sentence_bleu, as fast-bleu has it. */
export function nltkScore({ matched, total, length, reference }: TextAgainstOthers): number {
  if (matched[0] === 0) return 0;
  const logs = matched.reduce((sum, hits, n) => sum + Math.log((hits || 0.1) / Math.max(1, total[n])), 0);
  return (length > reference ? 1 : Math.exp(1 - reference / length)) * Math.exp(logs / matched.length);
}
