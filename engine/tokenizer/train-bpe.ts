/**
 * Byte-level BPE training (Sennrich et al. 2016; byte alphabet as in GPT-2), merge for merge equal to `BpeTrainer` of Hugging Face
 * tokenizers 0.23: its priority queue is kept lazily, so a stale entry is corrected when it surfaces, and ties go to the smaller pair
 * of ids. Deterministic: no hash order reaches the result.
 */
import { HabsburgError } from '../../common/errors.js';
import { BYTE_TO_CHAR, splitWords, toByteChars } from './byte-level.js';

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
  /** words (by index) in which the pair was seen when this entry was made */
  readonly words: ReadonlySet<number>;
}

/** Packs a pair of ids (< 2^26) into one exact number. */
const pairKey = (left: number, right: number) => left * 0x4000000 + right;

/**
 * Trains a vocabulary of at most `size` tokens: the specials, the 256 bytes in order of their characters, then one token a merge.
 * @param texts each text is split into words by itself, so a file is given line by line with its line ends
 * @param size at least 256 + specials; fewer tokens come out when the text has no pair left to merge
 * @throws HabsburgError('invalid') when `size` cannot hold the alphabet
 */
export function trainBpe(
  texts: Iterable<string>,
  size: number,
  specials: readonly string[] = ['<s>', '<pad>', '</s>'],
): BpeModel {
  if (size < 256 + specials.length) {
    throw new HabsburgError('invalid', `a byte-level vocabulary needs at least ${256 + specials.length} tokens, not ${size}`);
  }
  const vocabulary = [...specials, ...[...BYTE_TO_CHAR].sort()];
  const idOf = new Map(vocabulary.map((token, id) => [token, id]));

  const occurrences = new Map<string, number>();
  for (const text of texts) for (const word of splitWords(text)) occurrences.set(word, (occurrences.get(word) ?? 0) + 1);
  const counts = [...occurrences.values()];
  const words = [...occurrences.keys()].map((word) => Array.from(toByteChars(word), (char) => idOf.get(char)!));

  const pairCounts = new Map<number, number>();
  const seenIn = new Map<number, Set<number>>();
  words.forEach((ids, w) => {
    for (let i = 0; i + 1 < ids.length; i++) change(ids[i], ids[i + 1], counts[w], w);
  });
  const queue = new CandidateHeap();
  flush();

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
    if (seen) seen.add(word);
    else seenIn.set(key, new Set([word]));
  }

  /** Queues every pair that has new places. */
  function flush(): void {
    for (const [key, seen] of seenIn) {
      const count = pairCounts.get(key)!;
      if (count > 0) queue.push({ count, left: Math.floor(key / 0x4000000), right: key % 0x4000000, words: seen });
    }
    seenIn.clear();
  }

  function mergeInWord(w: number, left: number, right: number, id: number): void {
    const ids = words[w];
    const count = counts[w];
    for (let i = 0; i + 1 < ids.length; i++) {
      if (ids[i] !== left || ids[i + 1] !== right) continue;
      if (i > 0) {
        change(ids[i - 1], left, -count, w);
        change(ids[i - 1], id, count, w);
      }
      if (i + 2 < ids.length) {
        change(right, ids[i + 2], -count, w);
        change(id, ids[i + 2], count, w);
      }
      ids.splice(i, 2, id);
    }
  }
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
