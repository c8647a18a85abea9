/** The rare words of a reference, and what written texts have of them. */
import { countsOf, type Encoded } from './token-ids.js';

export interface TailOfWords {
  /** types of the tail: the rarest that together have at most `mass` of the reference's words */
  readonly types: number;
  /** share of the reference's words and of the written words that are of the tail */
  readonly rateReference: number;
  readonly rateWritten: number;
  /** share of the reference's types that are written, and how many written types the reference has not */
  readonly coverage: number;
  readonly newTypes: number;
}

/**
 * How many of the rarest types together have at most `mass` of all tokens.
 * @param ascending frequencies
 */
export function tailTypes(ascending: ArrayLike<number>, mass: number): number {
  let all = 0;
  for (let i = 0; i < ascending.length; i++) all += ascending[i];
  let sum = 0;
  for (let i = 0; i < ascending.length; i++) if ((sum += ascending[i]) > mass * all) return i;
  return ascending.length;
}

/**
 * What the tail is depends on the reference alone; ties of frequency by code points, ascending. Undefined where either has no word.
 */
export function tailOfWords(real: Encoded, generated: Encoded, mass: number): TailOfWords | undefined {
  const { words } = real;
  const reference = countsOf({ texts: real.texts, types: words.length });
  const inWritten = countsOf({ texts: generated.texts, types: generated.words.length });
  const idOf = new Map(generated.words.map((word, id) => [word, id]));
  const written = Uint32Array.from(words, (word) => inWritten[idOf.get(word) ?? -1] ?? 0);
  const total = (counts: Uint32Array): number => counts.reduce((sum, f) => sum + f, 0);
  const [all, allWritten] = [total(reference), total(inWritten)];
  if (all === 0 || allWritten === 0) return undefined;
  const types = words.map((_, id) => id);
  types.sort((a, b) => reference[a] - reference[b] || byCodePoints(words[a], words[b]));
  const tail = types.slice(0, tailTypes(types.map((id) => reference[id]), mass)); // prettier-ignore
  const share = (counts: Uint32Array, of: number): number => tail.reduce((sum, id) => sum + counts[id], 0) / of;
  return {
    types: tail.length,
    rateReference: share(reference, all),
    rateWritten: share(written, allWritten),
    coverage: types.filter((id) => written[id] > 0).length / types.length,
    newTypes: generated.words.length - written.filter((f) => f > 0).length,
  };
}

/** Python's order of strings: JavaScript's compares UTF-16 units, and surrogates lie below U+E000. */
export function byCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x !== y) return place(x) - place(y);
  }
  return a.length - b.length;
}

/** Surrogates after all other units. */
const place = (unit: number): number => (unit < 0xd800 ? unit : unit >= 0xe000 ? unit - 0x800 : unit + 0x2000);
