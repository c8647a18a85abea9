/** MTLD from every word on: for each start the first stretch that is no longer varied, in n log n steps at most. */

/** Words that a stretch has at least, and the type-token ratio that it falls below: 18/25 = .72, in whole numbers. */
const MINIMUM = 10;
const [TYPES, WORDS] = [25, 18];
/** Words that are looked at one by one: stretches of most texts are far shorter. */
const LOOK = 512;

/** Mean of both directions. 0 where no stretch ends, as for words that never come again; undefined of no word. */
export function movingMtld(words: Int32Array, types: number): number | undefined {
  if (words.length === 0) return undefined;
  return (oneWay(words, types) + oneWay(words.slice().reverse(), types)) / 2;
}

function oneWay(words: Int32Array, types: number): number {
  const n = words.length;
  const last = new Int32Array(types).fill(-1);
  /** where a word was before */
  const before = new Int32Array(n);
  for (let i = 0; i < n; i++) {
    before[i] = last[words[i]];
    last[words[i]] = i;
  }
  let [factors, length] = [0, 0];
  for (let x = 0; x < n; x++) {
    const until = Math.min(n, x + LOOK);
    let [y, left, ends] = [x, 0, false];
    for (; y < until && !ends; y++) {
      left += before[y] < x ? TYPES - WORDS : -WORDS;
      ends = left < 0 && y - x >= MINIMUM - 1;
    }
    if (ends) {
      factors++;
      length += y - x;
    } else if (y < n) return ofLongStretches(words, types);
  }
  return factors === 0 ? 0 : length / factors;
}

/**
 * Of a start x, let f(y) = 25 · types − 18 · words of the stretch from x to y: the stretch ends at the first y, ten words on or more, with
 * f(y) < 0. The next start has a word less up to every y, and a type less up to where the word of x comes again.
 */
function ofLongStretches(words: Int32Array, types: number): number {
  const n = words.length;
  const next = new Int32Array(n).fill(n);
  const last = new Int32Array(types).fill(-1);
  const first = new Int32Array(n);
  let seen = 0;
  for (let i = 0; i < n; i++) {
    if (last[words[i]] < 0) seen++;
    else next[last[words[i]]] = i;
    last[words[i]] = i;
    first[i] = TYPES * seen - WORDS * (i + 1);
  }
  const tree = new Lows(first);
  let [factors, length] = [0, 0];
  for (let x = 0; x + MINIMUM <= n; x++) {
    const y = tree.firstBelowZero(x + MINIMUM - 1);
    if (y < n) {
      factors++;
      length += y - x + 1;
    }
    tree.add(x, n, WORDS);
    tree.add(x, next[x], -TYPES);
  }
  return factors === 0 ? 0 : length / factors;
}

/** Numbers in a row, to whole stretches of which something is added, and the first negative one from a place on: a tree of minima. */
class Lows {
  private readonly leaves: number;
  /** minimum of what is below a node, without what was added above it */
  private readonly low: Int32Array;
  private readonly added: Int32Array;

  constructor(values: Int32Array) {
    this.leaves = 1;
    while (this.leaves < values.length) this.leaves *= 2;
    this.low = new Int32Array(2 * this.leaves).fill(0x3fffffff);
    this.added = new Int32Array(2 * this.leaves);
    this.low.set(values, this.leaves);
    for (let node = this.leaves - 1; node > 0; node--) this.low[node] = Math.min(this.low[2 * node], this.low[2 * node + 1]);
  }

  /** To those from `from` on and before `to`. */
  add(from: number, to: number, amount: number): void {
    this.#add(1, 0, this.leaves, from, to, amount);
  }

  #add(node: number, start: number, end: number, from: number, to: number, amount: number): void {
    if (to <= start || end <= from) return;
    if (from <= start && end <= to) {
      this.low[node] += amount;
      this.added[node] += amount;
      return;
    }
    const middle = (start + end) / 2;
    this.#add(2 * node, start, middle, from, to, amount);
    this.#add(2 * node + 1, middle, end, from, to, amount);
    this.low[node] = Math.min(this.low[2 * node], this.low[2 * node + 1]) + this.added[node];
  }

  /** Its index; at least the number of values where there is none. */
  firstBelowZero(from: number): number {
    const found = this.#first(1, 0, this.leaves, from, 0);
    return found < 0 ? this.leaves : found;
  }

  #first(node: number, start: number, end: number, from: number, above: number): number {
    if (end <= from || this.low[node] + above >= 0) return -1;
    if (end - start === 1) return start;
    const middle = (start + end) / 2;
    const left = this.#first(2 * node, start, middle, from, above + this.added[node]);
    return left >= 0 ? left : this.#first(2 * node + 1, middle, end, from, above + this.added[node]);
  }
}
