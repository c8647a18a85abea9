/**
 * Byte-level BPE training (Sennrich et al. 2016; byte alphabet as in GPT-2), merge for merge equal to `BpeTrainer` of Hugging Face
 * tokenizers 0.23: its priority queue is kept lazily, so a stale entry is corrected when it surfaces, and ties go to the smaller pair
 * of ids. Deterministic: no hash order reaches the result.
 */
import { HabsburgError } from '../../common/errors.js';
import { BYTE_TO_CHAR } from './byte-level.js';
import type { WordCounts } from './word-counts.js';

/** A trained vocabulary: `vocabulary[id]` is the token, `merges` in order of rank. */
export interface BpeModel {
  readonly specials: readonly string[];
  readonly vocabulary: readonly string[];
  readonly merges: readonly (readonly [string, string])[];
}

interface Candidate {
  count: number;
  readonly left: number;
  readonly right: number;
  /** words (by index) in which the pair was seen when this entry was made, each once */
  readonly words: Int32Array;
}

/** Packs a pair of ids (< 2^26) into one exact number. */
const pairKey = (left: number, right: number) => left * 0x4000000 + right;

/**
 * Trains a vocabulary of at most `size` tokens: the specials, the 256 bytes in order of their characters, then one token a merge.
 * @param size at least 256 + specials; fewer tokens come out when the text has no pair left to merge
 * @throws HabsburgError('invalid') when `size` cannot hold the alphabet
 */
export function trainBpe(
  occurrences: WordCounts,
  size: number,
  specials: readonly string[] = ['<s>', '<pad>', '</s>'],
): BpeModel {
  if (size < 256 + specials.length) {
    throw new HabsburgError('invalid', `a byte-level vocabulary needs at least ${256 + specials.length} tokens, not ${size}`);
  }
  const vocabulary = [...specials, ...[...BYTE_TO_CHAR].sort()];
  const idOf = new Map(vocabulary.map((token, id) => [token, id]));

  const counts = Float64Array.from({ length: occurrences.size }, (_, w) => occurrences.count(w));
  const words = wordsOf(occurrences, idOf);

  const pairCounts = new Map<number, number>();
  const seenIn = new Map<number, number[]>();
  const queue = new CandidateHeap();
  for (const first of pairsOf(words, counts, vocabulary.length)) {
    pairCounts.set(pairKey(first.left, first.right), first.count);
    queue.push(first);
  }

  const merges = new Map<number, readonly [string, string]>();
  while (vocabulary.length < size) {
    const top = queue.pop();
    if (top === undefined) break;
    const key = pairKey(top.left, top.right);
    const current = pairCounts.get(key)!;
    if (top.count !== current) {
      top.count = current;
      queue.push(top);
      continue;
    }
    if (current < 1) break;
    const token = vocabulary[top.left] + vocabulary[top.right];
    let id = idOf.get(token);
    if (id === undefined) {
      id = vocabulary.length;
      vocabulary.push(token);
      idOf.set(token, id);
    }
    // A pair can come up again when two spellings of one token meet; the reference lets the later rank win.
    merges.delete(key);
    merges.set(key, [vocabulary[top.left], vocabulary[top.right]]);
    for (const w of top.words) mergeInWord(w, top.left, top.right, id);
    flush();
  }
  return { specials, vocabulary, merges: [...merges.values()] };

  function change(left: number, right: number, by: number, word: number): void {
    const key = pairKey(left, right);
    pairCounts.set(key, (pairCounts.get(key) ?? 0) + by);
    if (by <= 0) return;
    const seen = seenIn.get(key);
    if (seen === undefined) seenIn.set(key, [word]);
    else if (seen[seen.length - 1] !== word) seen.push(word); // one word is changed after the other
  }

  /** Queues every pair that has new places. */
  function flush(): void {
    for (const [key, seen] of seenIn) {
      const count = pairCounts.get(key)!;
      if (count > 0)
        queue.push({ count, left: Math.floor(key / 0x4000000), right: key % 0x4000000, words: Int32Array.from(seen) });
    }
    seenIn.clear();
  }

  function mergeInWord(w: number, left: number, right: number, id: number): void {
    const { ids, starts, lengths } = words;
    const count = counts[w];
    const [from, end] = [starts[w], starts[w] + lengths[w]];
    let to = from;
    for (let i = from; i < end; to++) {
      if (ids[i] !== left || i + 1 === end || ids[i + 1] !== right) {
        ids[to] = ids[i++];
        continue;
      }
      if (to > from) {
        change(ids[to - 1], left, -count, w);
        change(ids[to - 1], id, count, w);
      }
      if (i + 2 < end) {
        change(right, ids[i + 2], -count, w);
        change(id, ids[i + 2], count, w);
      }
      ids[to] = id;
      i += 2;
    }
    lengths[w] = to - from;
  }
}

/** Symbols of words, one word behind the other: word w has `lengths[w]` of `ids`, from `starts[w]` on. */
interface Words {
  readonly ids: Int32Array;
  readonly starts: Float64Array;
  readonly lengths: Uint32Array;
}

function wordsOf(words: WordCounts, idOf: ReadonlyMap<string, number>): Words {
  const idOfByte = Int32Array.from(BYTE_TO_CHAR, (char) => idOf.get(char)!);
  const starts = new Float64Array(words.size);
  const lengths = new Uint32Array(words.size);
  let length = 0;
  for (let w = 0; w < words.size; w++) {
    starts[w] = length;
    length += lengths[w] = Buffer.byteLength(words.spelling(w));
  }
  const ids = new Int32Array(length);
  let at = 0;
  for (let w = 0; w < words.size; w++) for (const byte of Buffer.from(words.spelling(w))) ids[at++] = idOfByte[byte];
  return { ids, starts, lengths };
}

/**
 * The pairs of words that nothing has been merged in yet. The lists of words that they occur in are most of what training holds, so
 * they are counted before they are filled.
 * @param symbols ids are smaller
 */
function pairsOf({ ids, starts, lengths }: Words, counts: Float64Array, symbols: number): Candidate[] {
  const total = new Float64Array(symbols ** 2);
  const places = new Int32Array(symbols ** 2);
  const last = new Int32Array(symbols ** 2).fill(-1);
  const lists = new Map<number, Int32Array>();
  const each = (visit: (pair: number, w: number) => void): void => {
    for (let w = 0; w < counts.length; w++)
      for (let i = starts[w]; i + 1 < starts[w] + lengths[w]; i++) visit(ids[i] * symbols + ids[i + 1], w);
  };
  each((pair, w) => {
    total[pair] += counts[w];
    if (last[pair] !== w) places[pair]++;
    last[pair] = w;
  });
  for (const [pair, count] of places.entries()) if (count > 0) lists.set(pair, new Int32Array(count));
  last.fill(-1);
  places.fill(0);
  each((pair, w) => {
    if (last[pair] !== w) lists.get(pair)![places[pair]++] = w;
    last[pair] = w;
  });
  return [...lists].map(([pair, words]) => ({ count: total[pair], left: Math.floor(pair / symbols), right: pair % symbols, words })); // prettier-ignore
}

/** Binary heap: highest count first, then the smaller pair. */
class CandidateHeap {
  readonly #items: Candidate[] = [];

  push(item: Candidate): void {
    const items = this.#items;
    let i = items.length;
    items.push(item);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(item, items[parent])) break;
      items[i] = items[parent];
      i = parent;
    }
    items[i] = item;
  }

  pop(): Candidate | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (last === undefined || items.length === 0) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && before(items[child + 1], items[child])) child++;
      if (!before(items[child], last)) break;
      items[i] = items[child];
      i = child;
    }
    items[i] = last;
    return top;
  }
}

function before(a: Candidate, b: Candidate): boolean {
  if (a.count !== b.count) return a.count > b.count;
  return a.left !== b.left ? a.left < b.left : a.right < b.right;
}
