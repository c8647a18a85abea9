/** n-grams of texts against their references. */
import type { BleuStatistics } from './bleu-score.js';
import { encode, ngramsUpTo } from './token-ids.js';
import type { Tokenizer } from './tokenizers.js';

/** A text and at least one reference. */
export interface Pair {
  readonly text: string;
  readonly references: readonly string[];
}

export interface PairStatistics extends BleuStatistics {
  /** words of each reference */
  readonly references: readonly number[];
}

/**
 * Matched n-grams of each pair, clipped at the largest count in any one reference; the reference length that counts is the closest, of two
 * as close the shorter. Linear in the length of all texts.
 */
export function pairStatistics(pairs: readonly Pair[], tokenize: Tokenizer, order: number): PairStatistics[] {
  const { texts } = encode(
    pairs.flatMap(({ text, references }) => [text, ...references]),
    tokenize,
  );
  let at = 0;
  const places = pairs.map(({ references }) => {
    const place = { text: at, from: at + 1, to: at + 1 + references.length };
    at = place.to;
    return place;
  });
  const matched = pairs.map(() => new Array<number>(order).fill(0));
  ngramsUpTo(texts, order).forEach(({ texts: rows, types }, n) => {
    const counts = new Uint32Array(types);
    const allowed = new Uint32Array(types);
    places.forEach(({ text, from, to }, p) => {
      const references = rows.slice(from, to);
      for (const row of references) {
        for (const id of row) counts[id]++;
        for (const id of row) {
          allowed[id] = Math.max(allowed[id], counts[id]);
          counts[id] = 0;
        }
      }
      let sum = 0;
      for (const id of rows[text]) if (counts[id]++ < allowed[id]) sum++;
      matched[p][n] = sum;
      for (const id of rows[text]) counts[id] = 0;
      for (const row of references) for (const id of row) allowed[id] = 0;
    });
  });
  return places.map(({ text, from, to }, p) => {
    const { length } = texts[text];
    const references = texts.slice(from, to).map((row) => row.length);
    return {
      matched: matched[p],
      total: matched[p].map((_, n) => Math.max(0, length - n)),
      length,
      reference: closest(references, length),
      references,
    };
  });
}

function closest(lengths: readonly number[], to: number): number {
  return lengths.reduce((best, length) => {
    const [off, least] = [Math.abs(length - to), Math.abs(best - to)];
    return off < least || (off === least && length < best) ? length : best;
  });
}

/** Statistics of a corpus: the sums of its pairs'. */
export function summed(statistics: readonly BleuStatistics[]): BleuStatistics {
  const add = (of: 'matched' | 'total'): number[] =>
    statistics[0][of].map((_, n) => statistics.reduce((sum, one) => sum + one[of][n], 0));
  const all = (of: 'length' | 'reference'): number => statistics.reduce((sum, one) => sum + one[of], 0);
  return { matched: add('matched'), total: add('total'), length: all('length'), reference: all('reference') };
}
