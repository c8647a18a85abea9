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
  let [size, sum, writtenSum] = [0, 0, 0];
  for (const id of types) {
    if (sum + reference[id] > mass * all) break;
    size++;
    sum += reference[id];
    writtenSum += written[id];
  }
  return {
    types: size,
    rateReference: sum / all,
    rateWritten: writtenSum / allWritten,
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
