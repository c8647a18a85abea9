/** Words and n-grams as small integers, so that counting is arithmetic on typed arrays. */
import type { Tokenizer } from './tokenizers.js';

/** Texts as ids of words; ids count from 0 in order of first occurrence. */
export interface Encoded {
  readonly texts: readonly Int32Array[];
  /** word of an id */
  readonly words: readonly string[];
}

/** @param limit words of all texts together: the text that reaches it is cut, those after it are left out */
export function encode(texts: readonly string[], tokenize: Tokenizer, limit = Infinity): Encoded {
  const ids = new Map<string, number>();
  const encoded: Int32Array[] = [];
  let left = limit;
  for (const text of texts) {
    if (left === 0) break;
    const tokens = tokenize(text);
    const row = new Int32Array(Math.min(left, tokens.length));
    for (let i = 0; i < row.length; i++) {
      let id = ids.get(tokens[i]);
      if (id === undefined) ids.set(tokens[i], (id = ids.size));
      row[i] = id;
    }
    encoded.push(row);
    left -= row.length;
  }
  return { texts: encoded, words: [...ids.keys()] };
}

/** Records of token ids, as they are but renumbered from 0. */
export function renumber(records: readonly (readonly number[])[]): readonly Int32Array[] {
  const ids = new Map<number, number>();
  return records.map((record) =>
    Int32Array.from(record, (token) => {
      let id = ids.get(token);
      if (id === undefined) ids.set(token, (id = ids.size));
      return id;
    }),
  );
}

/** Ids of pairs of non-negative 32-bit integers, from 0 in order of first occurrence: an open hash table. */
class PairIds {
  size = 0;
  private mask = (1 << 12) - 1;
  private slots = new Int32Array(this.mask + 1).fill(-1);
  private firsts = new Int32Array(1 << 11);
  private seconds = new Int32Array(1 << 11);

  idOf(first: number, second: number): number {
    let slot = hash(first, second) & this.mask;
    for (;;) {
      const id = this.slots[slot];
      if (id < 0) break;
      if (this.firsts[id] === first && this.seconds[id] === second) return id;
      slot = (slot + 1) & this.mask;
    }
    if (this.size === this.firsts.length) {
      this.grow();
      return this.idOf(first, second);
    }
    const id = this.size++;
    this.slots[slot] = id;
    this.firsts[id] = first;
    this.seconds[id] = second;
    return id;
  }

  private grow(): void {
    const twice = (old: Int32Array): Int32Array<ArrayBuffer> => {
      const grown = new Int32Array(old.length * 2);
      grown.set(old);
      return grown;
    };
    this.firsts = twice(this.firsts);
    this.seconds = twice(this.seconds);
    this.mask = this.mask * 2 + 1;
    this.slots = new Int32Array(this.mask + 1).fill(-1);
    for (let id = 0; id < this.size; id++) {
      let slot = hash(this.firsts[id], this.seconds[id]) & this.mask;
      while (this.slots[slot] >= 0) slot = (slot + 1) & this.mask;
      this.slots[slot] = id;
    }
  }
}

function hash(first: number, second: number): number {
  let h = Math.imul(first, 0x9e3779b1) ^ Math.imul(second + 0x7f4a7c15, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 15), 0xc2b2ae35);
  return h ^ (h >>> 13);
}

/** The n-grams of texts: an id a position, so a text of k words has max(0, k - n + 1). */
export interface Ngrams {
  readonly texts: readonly Int32Array[];
  /** how many different ones there are: ids are below it */
  readonly types: number;
}

/** The 1-grams to `order`-grams of texts of word ids, [0] the 1-grams. Linear in time and memory. */
export function ngramsUpTo(texts: readonly Int32Array[], order: number): Ngrams[] {
  let types = 0;
  for (const text of texts) for (const id of text) if (id >= types) types = id + 1;
  const orders: Ngrams[] = [{ texts, types }];
  for (let n = 2; n <= order; n++) {
    const shorter = orders[n - 2].texts;
    const pairs = new PairIds();
    const longer = texts.map((text, t) => {
      const row = new Int32Array(Math.max(0, text.length - n + 1));
      for (let i = 0; i < row.length; i++) row[i] = pairs.idOf(shorter[t][i], text[i + n - 1]);
      return row;
    });
    orders.push({ texts: longer, types: pairs.size });
  }
  return orders;
}

/** How many of the ids below `types` occur among `rows`, of each row the first `cap` alone, and how many positions these are. */
export function distinctOf({ texts, types }: Ngrams, cap = Infinity): { readonly unique: number; readonly total: number } {
  const seen = new Uint8Array(types);
  let unique = 0;
  let total = 0;
  for (const text of texts) {
    const length = Math.min(text.length, cap);
    for (let i = 0; i < length; i++) {
      unique += 1 - seen[text[i]];
      seen[text[i]] = 1;
    }
    total += length;
  }
  return { unique, total };
}

/** How often each id occurs. */
export function countsOf({ texts, types }: Ngrams): Uint32Array {
  const counts = new Uint32Array(types);
  for (const text of texts) for (const id of text) counts[id]++;
  return counts;
}
