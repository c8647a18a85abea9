/** Counts of n-grams in sorted arrays: built by sorting, merged like lists, and searched for both scoring and drawing. */

/** One order's counts. Keys are the n tokens as digits to the base V, so the grams of a context are neighbours. */
export interface GramTable {
  /** ascending, unique; exact integers below 2^53 */
  readonly keys: Float64Array;
  /** cumulative counts: gram i occurs ends[i] - ends[i-1] times */
  readonly ends: Float64Array;
}

/** Counts of orders 1 … `order` of a token sequence; a gram does not reach over the sequence's start. */
export function countGrams(tokens: Int32Array, order: number, vocabulary: number): GramTable[] {
  return Array.from({ length: order }, (_, o) => {
    const length = o + 1;
    const keys = new Float64Array(Math.max(0, tokens.length - o));
    for (let i = 0; i < keys.length; i++) {
      let key = 0;
      for (let j = 0; j < length; j++) key = key * vocabulary + tokens[i + j];
      keys[i] = key;
    }
    keys.sort();
    let unique = 0;
    const ends = new Float64Array(keys.length);
    for (let i = 0; i < keys.length; i++) {
      if (i === 0 || keys[i] !== keys[unique - 1]) keys[unique++] = keys[i];
      ends[unique - 1] = i + 1;
    }
    return { keys: keys.slice(0, unique), ends: ends.slice(0, unique) };
  });
}

/** Counts of two texts together. */
export function mergeTables(a: GramTable, b: GramTable): GramTable {
  const keys = new Float64Array(a.keys.length + b.keys.length);
  const ends = new Float64Array(keys.length);
  let i = 0;
  let j = 0;
  let n = 0;
  while (i < a.keys.length || j < b.keys.length) {
    const ka = i < a.keys.length ? a.keys[i] : Infinity;
    const kb = j < b.keys.length ? b.keys[j] : Infinity;
    keys[n] = Math.min(ka, kb);
    if (ka <= kb) i++;
    if (kb <= ka) j++;
    ends[n++] = (i > 0 ? a.ends[i - 1] : 0) + (j > 0 ? b.ends[j - 1] : 0);
  }
  return { keys: keys.slice(0, n), ends: ends.slice(0, n) };
}

/** First index whose key is >= `key`. */
export function lowerBound(keys: Float64Array, key: number): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle] < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the gram that holds the r-th occurrence (from 0) counted from gram `first` on. */
export function occurrence({ ends }: GramTable, first: number, r: number): number {
  const target = (first > 0 ? ends[first - 1] : 0) + r;
  let low = first;
  let high = ends.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ends[middle] <= target) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Occurrences of grams first … last - 1. */
export function occurrences({ ends }: GramTable, first: number, last: number): number {
  return last > first ? ends[last - 1] - (first > 0 ? ends[first - 1] : 0) : 0;
}
