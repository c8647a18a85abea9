/** What the parser sees of a state: words, tags and labels around the stack's top and the next words (after Zhang & Nivre 2011). */
import { mix } from './hash.js';
import type { State } from './transitions.js';
import { wordOf } from './words.js';

/** A sentence as the parser sees it; every list has a last entry for the root. */
export interface Seen {
  readonly lower: Int32Array;
  readonly tags: Int32Array;
  readonly coarse: Int32Array;
  readonly suffix: Int32Array;
  readonly shape: Int32Array;
}

/** `coarse`: of each tag's class, a number for its part of speech alone. */
export function seen(forms: readonly string[], tags: ArrayLike<number>, coarse: readonly number[]): Seen {
  const words = forms.map(wordOf);
  const list = (of: (i: number) => number, root: number): Int32Array =>
    Int32Array.from({ length: forms.length + 1 }, (_, i) => (i < forms.length ? of(i) : root));
  return {
    lower: list((i) => words[i].lower, 7),
    tags: list((i) => tags[i] + 3, 2),
    coarse: list((i) => coarse[tags[i]] + 3, 2),
    suffix: list((i) => words[i].suffixes[2], 7),
    shape: list((i) => words[i].shape, 7),
  };
}

/** More than any state has. */
export const PARSER_FEATURES = 160;

/** @returns how many features of the state were filled in */
export function stateFeatures(state: State, { lower, tags, coarse, suffix, shape }: Seen, into: Int32Array): number {
  let n = 0;
  let template = 0;
  const one = (a: number): void => void (into[n++] = mix(mix(0x51ab, ++template), a));
  const two = (a: number, b: number): void => void (into[n++] = mix(mix(mix(0x51ab, ++template), a), b));
  const three = (a: number, b: number, c: number): void => void (into[n++] = mix(mix(mix(mix(0x51ab, ++template), a), b), c));
  const four = (a: number, b: number, c: number, d: number): void =>
    void (into[n++] = mix(mix(mix(mix(mix(0x51ab, ++template), a), b), c), d));
  const w = (i: number): number => (i < 0 ? 1 : lower[i]);
  const p = (i: number): number => (i < 0 ? 1 : tags[i]);
  const u = (i: number): number => (i < 0 ? 1 : coarse[i]);
  const l = (i: number): number => (i < 0 ? 1 : state.labels[i] + 2);
  const at = (list: Int32Array, i: number): number => (i < 0 ? -1 : list[i]);

  const { stack, depth, words, left, left2, right, right2, lefts, rights, leftSet, rightSet } = state;
  const s0 = depth > 0 ? stack[depth - 1] : -1;
  const s1 = depth > 1 ? stack[depth - 2] : -1;
  const s2 = depth > 2 ? stack[depth - 3] : -1;
  const b0 = state.next;
  const b1 = b0 + 1 <= words ? b0 + 1 : -1;
  const b2 = b0 + 2 <= words ? b0 + 2 : -1;
  const b3 = b0 + 3 <= words ? b0 + 3 : -1;
  const [s0w, s0p, s1w, s1p, b0w, b0p, b1w, b1p] = [w(s0), p(s0), w(s1), p(s1), w(b0), p(b0), w(b1), p(b1)];
  const [s2p, b2p] = [p(s2), p(b2)];
  const [s0u, s1u, b0u, b1u] = [u(s0), u(s1), u(b0), u(b1)];
  const s0l = at(left, s0);
  const s0r = at(right, s0);
  const s1l = at(left, s1);
  const s1r = at(right, s1);
  const b0l = at(left, b0);
  const s0l2 = at(left2, s0);
  const s0r2 = at(right2, s0);
  const s1l2 = at(left2, s1);
  const s1r2 = at(right2, s1);
  const b0l2 = at(left2, b0);
  const far = (a: number, b: number): number => (a < 0 || b < 0 ? 0 : b - a > 10 ? 7 : b - a > 5 ? 6 : b - a);

  one(0);
  // single words
  two(s0w, s0p);
  one(s0w);
  one(s0p);
  two(b0w, b0p);
  one(b0w);
  one(b0p);
  two(s1w, s1p);
  one(s1w);
  one(s1p);
  two(b1w, b1p);
  one(b1w);
  one(b1p);
  one(w(b2));
  one(b2p);
  one(w(s2));
  one(s2p);
  one(p(b3));
  // pairs
  four(s0w, s0p, b0w, b0p);
  three(s0w, s0p, b0w);
  three(s0w, b0w, b0p);
  three(s0w, s0p, b0p);
  three(s0p, b0w, b0p);
  two(s0w, b0w);
  two(s0p, b0p);
  four(s1w, s1p, s0w, s0p);
  three(s1w, s1p, s0w);
  three(s1w, s0w, s0p);
  three(s1w, s1p, s0p);
  three(s1p, s0w, s0p);
  two(s1w, s0w);
  two(s1p, s0p);
  two(s1w, b0w);
  two(s1p, b0p);
  three(s1w, s1p, b0p);
  three(s1p, b0w, b0p);
  two(b0p, b1p);
  two(b0w, b1p);
  two(b0p, b1w);
  two(b0w, b1w);
  two(s0p, b1p);
  two(s0w, b1p);
  two(s0p, b1w);
  two(s0w, b1w);
  // triples
  three(s0p, b0p, b1p);
  three(s1p, s0p, b0p);
  three(s2p, s1p, s0p);
  three(b0p, b1p, b2p);
  three(s0w, b0p, b1p);
  three(s0p, b0w, b1p);
  three(s0p, b0p, b1w);
  three(s1w, s0p, b0p);
  three(s1p, s0w, b0p);
  three(s1p, s0p, b0w);
  three(s0p, b0p, p(b0l));
  three(s0p, p(s0l), b0p);
  three(s0p, p(s0r), b0p);
  three(s1p, p(s1r), s0p);
  three(s1p, p(s1l), s0p);
  three(s1p, s0p, p(s0l));
  three(s1p, s0p, p(s0r));
  three(s1p, s0p, p(b0l));
  three(s1p, p(s1r), b0p);
  three(s0w, w(s0r), b0w);
  three(s1w, s0w, w(s0l));
  three(s0p, w(s0r), b0p);
  three(s1p, s0p, w(s0l));
  three(s1w, w(s1r), s0w);
  four(s1u, s0u, b0u, b1u);
  four(s0u, b0u, b1u, u(b2));
  four(u(s2), s1u, s0u, b0u);
  four(s1p, s0p, b0p, b1p);
  four(s2p, s1p, s0p, b0p);
  // distance
  const s0b0 = far(s0, b0);
  const s1s0 = far(s1, s0);
  two(s0w, s0b0);
  two(s0p, s0b0);
  two(b0w, s0b0);
  two(b0p, s0b0);
  three(s0p, b0p, s0b0);
  three(s0w, b0w, s0b0);
  two(s1w, s1s0);
  two(s1p, s1s0);
  two(s0w, s1s0);
  three(s1p, s0p, s1s0);
  three(s1w, s0w, s1s0);
  // numbers and labels of dependents
  const some = (list: Int32Array, i: number): number => (i < 0 ? 9 : Math.min(list[i], 5));
  two(s0w, some(lefts, s0));
  two(s0p, some(lefts, s0));
  two(s0w, some(rights, s0));
  two(s0p, some(rights, s0));
  two(s1w, some(rights, s1));
  two(s1p, some(rights, s1));
  two(s1w, some(lefts, s1));
  two(s1p, some(lefts, s1));
  two(b0w, some(lefts, b0));
  two(b0p, some(lefts, b0));
  const set = (list: Int32Array, i: number): number => (i < 0 ? 1 : list[i]);
  two(s0w, set(leftSet, s0));
  two(s0p, set(leftSet, s0));
  two(s0w, set(rightSet, s0));
  two(s0p, set(rightSet, s0));
  two(s1w, set(rightSet, s1));
  two(s1p, set(rightSet, s1));
  two(s1w, set(leftSet, s1));
  two(s1p, set(leftSet, s1));
  two(b0w, set(leftSet, b0));
  two(b0p, set(leftSet, b0));
  three(s0p, b0p, set(leftSet, b0));
  three(s1p, s0p, set(rightSet, s1));
  three(s0p, b0p, set(rightSet, s0));
  three(s1p, s0p, set(leftSet, s0));
  // dependents
  one(w(s0l));
  one(p(s0l));
  one(l(s0l));
  one(w(s0r));
  one(p(s0r));
  one(l(s0r));
  one(w(s1l));
  one(p(s1l));
  one(l(s1l));
  one(w(s1r));
  one(p(s1r));
  one(l(s1r));
  one(w(b0l));
  one(p(b0l));
  one(l(b0l));
  two(p(s0l2), l(s0l2));
  two(p(s0r2), l(s0r2));
  two(p(s1l2), l(s1l2));
  two(p(s1r2), l(s1r2));
  two(p(b0l2), l(b0l2));
  three(s0p, l(s0l), l(s0l2));
  three(s0p, l(s0r), l(s0r2));
  three(s1p, l(s1r), l(s1r2));
  three(b0p, l(b0l), l(b0l2));
  two(s0w, l(s0l));
  two(s0w, l(s0r));
  two(s1w, l(s1r));
  two(b0w, l(b0l));
  two(s1w, l(s1l));
  // ends of words
  const [s0x, s1x, b0x] = [s0 < 0 ? 1 : suffix[s0], s1 < 0 ? 1 : suffix[s1], suffix[b0]];
  two(s0x, s0p);
  two(b0x, b0p);
  two(s1x, s1p);
  three(s0x, s0p, b0p);
  three(s0p, b0x, b0p);
  three(s1x, s1p, s0p);
  three(s1p, s0x, s0p);
  two(s0 < 0 ? 1 : shape[s0], b0p);
  two(shape[b0], s0p);
  return n;
}
