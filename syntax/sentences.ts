/** Texts as sentences, each as it stands in the text. */
import { englishParser } from './english.js';

/** The sentences of an English text, without the white space around them; none of a text without a word. */
export function sentencesOf(text: string): string[] {
  let at = 0;
  return englishParser()
    .segment(text)
    .map((words) => {
      const from = text.indexOf(words[0], at);
      // between words there is nothing but white space, so the next place that has one is its own
      for (const word of words) at = text.indexOf(word, at) + word.length;
      return text.slice(from, at);
    });
}

/** The sentences of each text, none of those behind the one with which there are `most`. */
export function upTo<T>(most: number, texts: readonly string[], sentences: (text: string) => readonly T[]): (readonly T[])[] {
  let left = most;
  return texts.map((text) => {
    const some = left > 0 ? sentences(text) : [];
    left -= some.length;
    return some;
  });
}
