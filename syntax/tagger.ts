/** Tags words from left to right: part of speech (UPOS) and Penn Treebank tag (XPOS) at once. */
import { mix } from './hash.js';
import type { Scorer } from './scorer.js';
import { wordOf, type Word } from './words.js';

/** Both tags of a class. */
export interface Tag {
  readonly upos: string;
  readonly xpos: string;
}

const OUTSIDE: Word = { form: 1, lower: 1, suffixes: [1, 1, 1, 1, 1], prefixes: [1, 1, 1, 1], shape: 1 };
/** More than any word has. */
export const TAGGER_FEATURES = 64;

/**
 * Fills in the features of word `i`; `tags` are the classes of the words before it.
 * @returns how many
 */
export function tagFeatures(words: readonly Word[], tags: ArrayLike<number>, i: number, into: Int32Array): number {
  let n = 0;
  const one = (template: number, a: number): void => void (into[n++] = mix(mix(0x7a67, template), a));
  const two = (template: number, a: number, b: number): void => void (into[n++] = mix(mix(mix(0x7a67, template), a), b));
  const word = words[i];
  const before = i > 0 ? words[i - 1] : OUTSIDE;
  const before2 = i > 1 ? words[i - 2] : OUTSIDE;
  const after = i + 1 < words.length ? words[i + 1] : OUTSIDE;
  const after2 = i + 2 < words.length ? words[i + 2] : OUTSIDE;
  const last = i > 0 ? tags[i - 1] + 2 : 1;
  const last2 = i > 1 ? tags[i - 2] + 2 : 1;
  one(1, 0);
  one(2, word.form);
  one(3, word.lower);
  for (let s = 0; s < word.suffixes.length; s++) one(4 + s, word.suffixes[s]);
  for (let p = 0; p < word.prefixes.length; p++) one(9 + p, word.prefixes[p]);
  one(13, word.shape);
  two(14, word.shape, i === 0 ? 1 : 0);
  one(15, last);
  two(16, last, last2);
  two(17, last, word.lower);
  two(18, last, word.suffixes[2]);
  two(19, last, after.lower);
  one(20, before.lower);
  one(21, before2.lower);
  one(22, after.lower);
  one(23, after2.lower);
  two(24, before.lower, word.lower);
  two(25, word.lower, after.lower);
  two(26, before.lower, after.lower);
  one(27, after.suffixes[2]);
  one(28, after.shape);
  one(29, before.suffixes[2]);
  two(30, last2, before.lower);
  two(31, word.shape, last);
  two(32, after.lower, after2.lower);
  two(33, before.lower, before2.lower);
  two(34, word.suffixes[2], after.suffixes[2]);
  two(35, word.shape, after.shape);
  two(36, word.suffixes[1], word.shape);
  one(37, after2.suffixes[2]);
  two(38, word.lower, after.suffixes[1]);
  two(39, last, after.suffixes[2]);
  two(40, mix(last, last2), word.lower);
  two(41, mix(last, last2), word.suffixes[1]);
  return n;
}

const scores = new Float64Array(256);
const features = new Int32Array(TAGGER_FEATURES);

/** The class with the most points, of several the first. */
export function best(points: Float64Array, classes: number): number {
  let found = 0;
  for (let c = 1; c < classes; c++) if (points[c] > points[found]) found = c;
  return found;
}

/** A class for each word. */
export function tagWords(forms: readonly string[], scorer: Scorer): Int32Array {
  const words = forms.map(wordOf);
  const tags = new Int32Array(words.length);
  for (let i = 0; i < words.length; i++) {
    scorer.score(features, tagFeatures(words, tags, i, features), scores);
    tags[i] = best(scores, scorer.classes);
  }
  return tags;
}
