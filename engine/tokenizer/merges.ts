/** Merging of symbols by byte-pair encoding, in time n log n in a word's length, in the order of Hugging Face tokenizers. */
import { HabsburgError } from '../../common/errors.js';

/** Two ids (each below 2^26) as one exact number. */
const pairKey = (left: number, right: number): number => left * 0x4000000 + right;
/** Ranks and positions share an exact number: rank * 2^32 + position. */
const POSITIONS = 2 ** 32;

export class Merges {
  readonly #rankOf = new Map<number, number>();
  readonly #mergedAt: Int32Array;

  /**
   * @param pairs in order of rank; of a pair that is there twice the later rank counts
   * @param nameOf what two tokens become, where it is not simply both (a prefix that inner parts of words have)
   * @throws HabsburgError `verification` for a pair whose parts or whole are not in the vocabulary
   */
  constructor(
    pairs: readonly (readonly [string, string])[],
    vocabulary: ReadonlyMap<string, number>,
    nameOf: (left: string, right: string) => string = (left, right) => left + right,
  ) {
    this.#mergedAt = Int32Array.from(pairs, ([left, right], rank) => {
      const [a, b, merged] = [left, right, nameOf(left, right)].map((token) => {
        const id = vocabulary.get(token);
        if (id === undefined) throw new HabsburgError('verification', `merge ${rank} (${JSON.stringify([left, right])}) needs ${JSON.stringify(token)}, which is not in the vocabulary`); // prettier-ignore
        return id;
      });
      this.#rankOf.set(pairKey(a, b), rank);
      return merged;
    });
  }

  /** Applies the merge of lowest rank, leftmost first, until none fits; returns what is left of the symbols. */
  apply(symbols: readonly number[]): number[] {
    const n = symbols.length;
    if (n < 2) return [...symbols];
    const ids = Int32Array.from(symbols);
    // a linked list of what is left: next[i] is the symbol behind i, n at the end; -1 where i has been merged into another
    const next = Int32Array.from(ids, (_, i) => i + 1);
    const previous = Int32Array.from(ids, (_, i) => i - 1);
    const queue = new NumberHeap();
    const consider = (at: number): void => {
      const rank = this.#rankOf.get(pairKey(ids[at], ids[next[at]]));
      if (rank !== undefined) queue.push(rank * POSITIONS + at);
    };
    for (let i = 0; i + 1 < n; i++) consider(i);
    for (let key = queue.pop(); key !== undefined; key = queue.pop()) {
      const at = key % POSITIONS;
      const right = next[at];
      if (right < 0 || right >= n) continue;
      // the pair may have changed since it was queued; what counts is that it still becomes the same token
      const rank = this.#rankOf.get(pairKey(ids[at], ids[right]));
      const merged = this.#mergedAt[(key - at) / POSITIONS];
      if (rank === undefined || this.#mergedAt[rank] !== merged) continue;
      ids[at] = merged;
      next[at] = next[right];
      next[right] = -1;
      if (next[at] < n) previous[next[at]] = at;
      if (previous[at] >= 0) consider(previous[at]);
      if (next[at] < n) consider(at);
    }
    const left: number[] = [];
    for (let i = 0; i < n; i = next[i]) left.push(ids[i]);
    return left;
  }
}

/** Binary heap of numbers, smallest first. */
class NumberHeap {
  readonly #items: number[] = [];

  push(item: number): void {
    const items = this.#items;
    let i = items.length;
    items.push(item);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (items[parent] <= item) break;
      items[i] = items[parent];
      i = parent;
    }
    items[i] = item;
  }

  pop(): number | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (last === undefined || items.length === 0) return last;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && items[child + 1] < items[child]) child++;
      if (items[child] >= last) break;
      items[i] = items[child];
      i = child;
    }
    items[i] = last;
    return top;
  }
}
