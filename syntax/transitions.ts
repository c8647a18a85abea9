/**
 * Arc-hybrid transitions (Kuhlmann, Gómez-Rodríguez & Satta 2011) with the root behind the last word. The stack's top either becomes a
 * dependent of the next word (left) or of the word below it (right), or the next word is pushed (shift).
 */

export const SHIFT = 0;
export const LEFT = 1;
export const RIGHT = 2;

/** A half-done analysis of a sentence of n words, 0 to n - 1; n is the root. Labels are numbers. */
export class State {
  readonly stack: Int32Array;
  depth = 0;
  /** the next word; n: the root alone is left */
  next = 0;
  readonly heads: Int32Array;
  readonly labels: Int32Array;
  /** the outermost dependents of each word so far and those before them, -1: none */
  readonly left: Int32Array;
  readonly left2: Int32Array;
  readonly right: Int32Array;
  readonly right2: Int32Array;
  readonly lefts: Int32Array;
  readonly rights: Int32Array;
  /** hashes of the sets of labels on either side */
  readonly leftSet: Int32Array;
  readonly rightSet: Int32Array;

  constructor(readonly words: number) {
    const list = (fill: number): Int32Array => new Int32Array(words + 1).fill(fill);
    this.stack = list(0);
    this.heads = list(-1);
    this.labels = list(-1);
    this.left = list(-1);
    this.left2 = list(-1);
    this.right = list(-1);
    this.right2 = list(-1);
    this.lefts = list(0);
    this.rights = list(0);
    this.leftSet = list(0);
    this.rightSet = list(0);
  }

  get done(): boolean {
    return this.depth === 0 && this.next === this.words;
  }

  /** The root takes one dependent: the last word on the stack. */
  allows(move: number): boolean {
    if (move === SHIFT) return this.next < this.words;
    if (move === LEFT) return this.depth > 0 && (this.next < this.words || this.depth === 1);
    return this.depth > 1;
  }

  apply(move: number, label: number): void {
    if (move === SHIFT) {
      this.stack[this.depth++] = this.next++;
      return;
    }
    const child = this.stack[--this.depth];
    const head = move === LEFT ? this.next : this.stack[this.depth - 1];
    this.heads[child] = head;
    this.labels[child] = label;
    if (move === LEFT) {
      this.left2[head] = this.left[head];
      this.left[head] = child;
      this.lefts[head]++;
      this.leftSet[head] |= 1 << (label % 31);
    } else {
      this.right2[head] = this.right[head];
      this.right[head] = child;
      this.rights[head]++;
      this.rightSet[head] |= 1 << (label % 31);
    }
  }
}

/**
 * How many of a tree's arcs `move` puts out of reach (Goldberg & Nivre 2013), labels apart.
 * @param gold each word's head, n: the root
 */
export function cost({ stack, depth, next, words }: State, move: number, gold: Int32Array): number {
  let lost = 0;
  if (move === SHIFT) {
    for (let i = 0; i < depth; i++) {
      if (gold[stack[i]] === next) lost++;
      if (i < depth - 1 && gold[next] === stack[i]) lost++;
    }
    return lost;
  }
  const top = stack[depth - 1];
  for (let word = next; word < words; word++) if (gold[word] === top) lost++;
  const head = gold[top];
  if (move === LEFT) return lost + (head > next || (depth > 1 && head === stack[depth - 2]) ? 1 : 0);
  return lost + (head >= next ? 1 : 0);
}
