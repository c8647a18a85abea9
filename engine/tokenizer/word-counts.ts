/** How often each word of a text occurs, so that a vocabulary can be trained on more text than fits into memory. */
import { splitWords } from './byte-level.js';

/** Of words that have the same hash in this table's last bits, one stands behind the other. */
const FREE = -1;

/**
 * Counts by word, in the order in which words were first seen. A table in few large arrays: a Map of strings takes twice the time for
 * a text's hundreds of millions of words, and half as much memory again.
 */
export class WordCounts {
  /** different words */
  size = 0;
  #slots = new Int32Array(1 << 12).fill(FREE);
  #hashes = new Int32Array(1 << 11);
  #counts = new Float64Array(1 << 11);
  /** UTF-16 units of word i lie from #ends[i - 1] to #ends[i] */
  #ends = new Float64Array(1 << 11);
  #units = new Uint16Array(1 << 14);

  /** Counts one more of text.slice(from, to). */
  add(text: string, from: number, to: number): void {
    const hash = hashOf(text, from, to);
    const last = this.#slots.length - 1;
    let slot = hash & last;
    for (; this.#slots[slot] !== FREE; slot = (slot + 1) & last) {
      const word = this.#slots[slot];
      if (this.#hashes[word] !== hash || !this.#is(word, text, from, to)) continue;
      this.#counts[word]++;
      return;
    }
    this.#slots[slot] = this.#append(text, from, to, hash);
    if (2 * this.size > last) this.#spread();
  }

  count(word: number): number {
    return this.#counts[word];
  }

  spelling(word: number): string {
    const units = this.#units.subarray(this.#start(word), this.#ends[word]);
    return Buffer.from(units.buffer, units.byteOffset, units.byteLength).toString('utf16le');
  }

  #start(word: number): number {
    return word === 0 ? 0 : this.#ends[word - 1];
  }

  #is(word: number, text: string, from: number, to: number): boolean {
    const start = this.#start(word);
    if (this.#ends[word] - start !== to - from) return false;
    for (let i = from; i < to; i++) if (this.#units[start + i - from] !== text.charCodeAt(i)) return false;
    return true;
  }

  #append(text: string, from: number, to: number, hash: number): number {
    const word = this.size++;
    if (word === this.#hashes.length) {
      this.#hashes = grown(this.#hashes, 2 * word);
      this.#counts = grown(this.#counts, 2 * word);
      this.#ends = grown(this.#ends, 2 * word);
    }
    const start = this.#start(word);
    const end = start + to - from;
    if (end > this.#units.length) this.#units = grown(this.#units, Math.max(end, 2 * this.#units.length));
    for (let i = from; i < to; i++) this.#units[start + i - from] = text.charCodeAt(i);
    this.#hashes[word] = hash;
    this.#counts[word] = 1;
    this.#ends[word] = end;
    return word;
  }

  /** Gives every word a slot among twice as many. */
  #spread(): void {
    const slots = new Int32Array(2 * this.#slots.length).fill(FREE);
    const last = slots.length - 1;
    for (let word = 0; word < this.size; word++) {
      let slot = this.#hashes[word] & last;
      while (slots[slot] !== FREE) slot = (slot + 1) & last;
      slots[slot] = word;
    }
    this.#slots = slots;
  }
}

/**
 * Counts the words of texts.
 * @param texts each is split into words by itself, so a file is given line by line with its line ends
 * @param counts of texts before these; default: none
 */
export function countWords(texts: Iterable<string>, counts = new WordCounts()): WordCounts {
  for (const text of texts) {
    let at = 0;
    for (const { length } of splitWords(text)) counts.add(text, at, (at += length));
  }
  return counts;
}

/** FNV-1a over UTF-16 units, its bits mixed once more as the table looks at the last ones. */
function hashOf(text: string, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 12);
}

function grown<A extends Int32Array | Float64Array | Uint16Array>(array: A, length: number): A {
  const larger = new (array.constructor as new (length: number) => A)(length);
  larger.set(array);
  return larger;
}
