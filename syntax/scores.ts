/** How well a parse agrees with another, as the CoNLL 2018 shared task scores gold words. */
import type { Sentence } from './conllu.js';

export interface ParseScores {
  readonly words: number;
  /** shares of words, 0 to 1: both tags, the head, the head and the whole relation with its subtype, and with its first part alone */
  readonly upos: number;
  readonly xpos: number;
  readonly uas: number;
  readonly las: number;
  readonly lasWithoutSubtypes: number;
}

/** Punctuation counts. Both have the same sentences of the same words. */
export function parseScores(predicted: readonly Sentence[], gold: readonly Sentence[]): ParseScores {
  let [words, upos, xpos, uas, las, plain] = [0, 0, 0, 0, 0, 0];
  const first = (deprel: string): string => deprel.split(':')[0];
  gold.forEach((right, s) => {
    const given = predicted[s];
    right.forms.forEach((_, i) => {
      words++;
      if (given.upos[i] === right.upos[i]) upos++;
      if (given.xpos[i] === right.xpos[i]) xpos++;
      if (given.heads[i] !== right.heads[i]) return;
      uas++;
      if (given.deprels[i] === right.deprels[i]) las++;
      if (first(given.deprels[i]) === first(right.deprels[i])) plain++;
    });
  });
  const share = (count: number): number => count / words;
  return { words, upos: share(upos), xpos: share(xpos), uas: share(uas), las: share(las), lasWithoutSubtypes: share(plain) };
}
