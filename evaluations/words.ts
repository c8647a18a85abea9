/** Whole words of written texts, judged against the words of a synthetic language. */
import type { Truth } from './types.js';

export interface WordCounts {
  /** occurrences of truth.words[i] */
  readonly counts: Uint32Array;
  /** words that the language does not have */
  readonly outside: number;
  /** all words that were counted, outside ones too */
  readonly total: number;
}

const SPECIAL = /<\/?s>|<pad>/g;
const EDGE_PUNCTUATION = /^\p{P}+|\p{P}+$/gu;

/**
 * Counts the first `limit` whole words of texts in order. Words lie between white space or special tokens. A block is a cut out
 * of running text, so a piece that touches a text's beginning or end may be half a word and is left out (long words touch an
 * edge a little more often, alike in every generation). Punctuation around a word is dropped unless the language itself has the
 * word with it.
 */
export function countWords(texts: readonly string[], truth: Truth, limit: number): WordCounts {
  const index = new Map(truth.words.map((word, i) => [word, i]));
  const counts = new Uint32Array(truth.words.length);
  let outside = 0;
  let total = 0;
  for (const text of texts) {
    for (const piece of wholePieces(text)) {
      if (total === limit) return { counts, outside, total };
      const bare = index.has(piece) ? piece : piece.replace(EDGE_PUNCTUATION, '');
      if (bare === '') continue;
      const at = index.get(bare);
      if (at === undefined) outside++;
      else counts[at]++;
      total++;
    }
  }
  return { counts, outside, total };
}

function wholePieces(text: string): string[] {
  const pieces = text.replace(SPECIAL, ' ').split(/\s+/);
  return pieces.slice(1, -1); // split leaves '' where a text begins or ends with white space
}
