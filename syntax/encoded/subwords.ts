/** Words as the sub-words that an encoder reads. */
import { MASKED } from '../../engine/models/forward.js';
import { float32, type Tensor } from '../../engine/session.js';
import type { Tokenizer } from '../../engine/tokenizer/types.js';

/** A sentence as rows of ids. */
export interface Subwords {
  /** with the special tokens around them; the first place stands for the root */
  readonly ids: Int32Array;
  /** where each word's first sub-word is */
  readonly places: Int32Array;
}

/** What a very long word is cut to; to fewer where a sentence would not fit. */
const MOST = [8, 4, 2, 1];

/**
 * @param most ids that the encoder reads
 * @param unknown the id of a word of which the tokenizer makes nothing
 * @returns undefined of a sentence of more words than the encoder reads
 */
export function subwordsOf(words: readonly string[], tokenizer: Tokenizer, most: number, unknown: number): Subwords | undefined {
  const pieces = words.map((word) => tokenizer.encode(word));
  const { prefix, suffix } = tokenizer;
  const idsOf = (piece: readonly number[], limit: number) => (piece.length === 0 ? [unknown] : piece.slice(0, limit));
  for (const limit of MOST) {
    const length = pieces.reduce((sum, piece) => sum + Math.min(limit, Math.max(1, piece.length)), prefix.length + suffix.length);
    if (length > most) continue;
    const ids = [...prefix];
    const places = Int32Array.from(pieces, (piece) => {
      const at = ids.length;
      ids.push(...idsOf(piece, limit));
      return at;
    });
    return { ids: Int32Array.from([...ids, ...suffix]), places };
  }
  return undefined;
}

/** (B, 1, T): 0 at the root and at words, so that nothing else is anybody's head. */
export function placesMask(rows: readonly Subwords[], time: number): Tensor {
  const mask = new Float32Array(rows.length * time).fill(MASKED);
  rows.forEach(({ places }, b) => {
    mask[b * time] = 0;
    for (const place of places) mask[b * time + place] = 0;
  });
  return float32(mask, [rows.length, 1, time]);
}

/** (B·T, d) of states (ids, d), zeros where padding is. */
export function paddedStates(states: readonly Float32Array[], time: number, d: number): Tensor {
  const padded = new Float32Array(states.length * time * d);
  states.forEach((state, b) => padded.set(state, b * time * d));
  return float32(padded, [states.length * time, d]);
}
