/** Cuts text into sentences of words as UD English-EWT has them (do n't, search - engine): a class for the place behind each character. */
import { mix } from './hash.js';
import type { Scorer } from './scorer.js';
import { best } from './tagger.js';

/** Behind a character the word goes on, ends, or ends with its sentence. */
export const GOES_ON = 0;
export const WORD_ENDS = 1;
export const SENTENCE_ENDS = 2;
export const PLACES = 3;

/** A word is cut after so many UTF-16 units, a sentence after so many words: what is longer is no language. */
export const LONGEST_WORD = 200;
export const LONGEST_SENTENCE = 250;

const [UPPER, LOWER, DIGIT, SPACE, MARK, OTHER, NONE] = [1, 2, 3, 4, 5, 6, 7];

/** What joins the character before it: combining marks, joiners, variation selectors, skin tones, tags. */
const JOINS = /[\p{M}\u200d\ufe00-\ufe0f\u{1f3fb}-\u{1f3ff}\u{e0020}-\u{e007f}]/u;

function kindOf(char: string): number {
  if (/\s/u.test(char)) return SPACE;
  if (/\p{Lu}/u.test(char)) return UPPER;
  if (/\p{L}/u.test(char)) return LOWER;
  if (/\p{Nd}/u.test(char)) return DIGIT;
  return JOINS.test(char) ? MARK : OTHER;
}

const kinds = new Map<number, number>();
function kind(code: number): number {
  let found = kinds.get(code);
  if (found === undefined) kinds.set(code, (found = kindOf(String.fromCodePoint(code))));
  return found;
}

/** A text as the segmenter sees it: code points, in lower case and as they are, and what each is. */
export interface Characters {
  readonly points: Uint32Array;
  readonly kinds: Uint8Array;
}

export function charactersOf(text: string): Characters {
  const points = Uint32Array.from(text, (char) => char.codePointAt(0)!);
  return { points, kinds: Uint8Array.from(points, kind) };
}

/** What was decided so far in a text. */
export interface Progress {
  /** the current word's hash, the one before it, and where the current one begins */
  word: number;
  before: number;
  from: number;
  /** words of the sentence */
  words: number;
}

export const start = (): Progress => ({ word: 0, before: 0, from: 0, words: 0 });

/** More than any place has. */
export const PLACE_FEATURES = 48;
const lower = (code: number): number => (code >= 65 && code <= 90 ? code + 32 : code);

/** @returns the number of features of the place behind character `i`, which is no space and already in `progress` */
export function placeFeatures(
  { points, kinds }: Characters,
  i: number,
  { word, before, from, words }: Progress,
  into: Int32Array,
): number {
  let n = 0;
  let template = 0;
  const one = (a: number): void => void (into[n++] = mix(mix(0x5e91, ++template), a));
  const two = (a: number, b: number): void => void (into[n++] = mix(mix(mix(0x5e91, ++template), a), b));
  const c = (k: number): number => (i + k >= 0 && i + k < points.length ? points[i + k] : 0);
  const s = (k: number): number => (i + k >= 0 && i + k < points.length ? kinds[i + k] : NONE);
  const [c0, c1, c2, l1] = [c(0), c(1), c(2), c(-1)];
  const around = ((((s(-2) * 8 + s(-1)) * 8 + s(0)) * 8 + s(1)) * 8 + s(2)) * 8 + s(3);
  // what follows up to the next space, and the word after that
  let rest = 0;
  let at = i + 1;
  for (; at < points.length && kinds[at] !== SPACE && at < i + 12; at++) rest = mix(rest, lower(points[at]));
  let gap = 0;
  let ahead = at;
  for (; ahead < points.length && kinds[ahead] === SPACE && ahead < at + 8; ahead++)
    gap = Math.max(gap, points[ahead] === 10 ? 2 : 1);
  let next = 0;
  const nextKind = ahead < points.length ? kinds[ahead] : NONE;
  for (let k = ahead; k < points.length && kinds[k] !== SPACE && k < ahead + 12; k++) next = mix(next, lower(points[k]));
  const length = Math.min(i + 1 - from, 9);
  const spaces = s(1) === SPACE ? 1 + Math.min(ahead - i - 1, 3) + gap * 4 : 0;

  one(0);
  one(around);
  one(((s(-1) * 8 + s(0)) * 8 + s(1)) * 8 + s(2));
  two(c0, c1);
  two(mix(l1, c0), c1);
  two(mix(c0, c1), c2);
  two(mix(l1, c0), mix(c1, c2));
  two(mix(c(-2), l1), mix(c0, c1));
  one(word);
  two(word, c1);
  two(word, s(1));
  two(word, rest);
  two(word, mix(c1, lower(c2)));
  two(length, around);
  one(rest);
  two(c0, rest);
  two(s(0), rest);
  two(before, word);
  two(spaces, c0);
  two(mix(spaces, c0), nextKind);
  two(mix(spaces, l1), mix(c0, nextKind));
  two(mix(spaces, word), nextKind);
  two(spaces, next);
  two(mix(spaces, c0), next);
  two(mix(spaces, nextKind), s(0));
  two(mix(spaces, Math.min(words, 12)), mix(nextKind, s(0)));
  two(mix(spaces, word), next);
  two(mix(spaces, before), mix(c0, nextKind));
  two(mix(before, word), nextKind);
  return n;
}

/** Takes character `i` into the current word. */
export function take({ points }: Characters, i: number, progress: Progress): void {
  progress.word = mix(progress.word, lower(points[i]));
}

/** The word, or with it the sentence, ends behind character `i`. */
export function end(place: number, i: number, progress: Progress): void {
  progress.before = place === SENTENCE_ENDS ? 0 : progress.word;
  progress.words = place === SENTENCE_ENDS ? 0 : progress.words + 1;
  progress.word = 0;
  progress.from = i + 1;
}

/** Whether the space from character `i` on holds an empty line. */
function emptyLine({ points, kinds }: Characters, i: number): boolean {
  let lines = 0;
  for (let k = i; k < points.length && kinds[k] === SPACE && k < i + 64; k++) if (points[k] === 10) lines++;
  return lines > 1;
}

/**
 * The only class that the place behind character `i` may have: an empty line and the text's end close the sentence, and nothing is cut
 * between a character and what joins it.
 * @returns -1 where it is open
 */
export function forced(characters: Characters, i: number): number {
  const { points, kinds } = characters;
  if (i + 1 === points.length) return SENTENCE_ENDS;
  if (kinds[i + 1] === SPACE) return emptyLine(characters, i + 1) ? SENTENCE_ENDS : -1;
  return kinds[i + 1] === MARK || points[i] === 0x200d ? GOES_ON : -1;
}

const scores = new Float64Array(PLACES);
const features = new Int32Array(PLACE_FEATURES);

/** Sentences of words, without the space between them; none of a text without a word. Time is linear in the text's length. */
export function segment(text: string, scorer: Scorer): string[][] {
  const characters = charactersOf(text);
  const { points, kinds } = characters;
  const sentences: string[][] = [];
  let words: string[] = [];
  const progress = start();
  const close = (): void => {
    if (words.length > 0) sentences.push(words);
    words = [];
  };
  for (let i = 0; i < points.length; i++) {
    if (kinds[i] === SPACE) {
      progress.from = i + 1;
      continue;
    }
    take(characters, i, progress);
    let place = forced(characters, i);
    if (place < 0) {
      scorer.score(features, placeFeatures(characters, i, progress, features), scores);
      place = best(scores, PLACES);
      if (place === GOES_ON && i + 1 < points.length && kinds[i + 1] === SPACE)
        place = scores[2] > scores[1] ? SENTENCE_ENDS : WORD_ENDS;
    }
    if (place === GOES_ON && i + 1 - progress.from >= LONGEST_WORD) place = WORD_ENDS;
    if (place === GOES_ON) continue;
    words.push(String.fromCodePoint(...points.subarray(progress.from, i + 1)));
    if (words.length >= LONGEST_SENTENCE) place = SENTENCE_ENDS;
    end(place, i, progress);
    if (place === SENTENCE_ENDS) close();
  }
  close();
  return sentences;
}
