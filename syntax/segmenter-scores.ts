/** How well a text is cut into words and sentences, as the CoNLL 2018 shared task scores it: spans of characters, without space. */

export interface CutScores {
  /** F1 of words and of sentences, 0 to 1 */
  readonly words: number;
  readonly sentences: number;
}

/** Sentences of words. */
type Cut = readonly (readonly string[])[];

interface Spans {
  readonly words: Set<string>;
  readonly sentences: Set<string>;
}

function spansOf(sentences: Cut): Spans {
  const spans: Spans = { words: new Set(), sentences: new Set() };
  let at = 0;
  for (const sentence of sentences) {
    const first = at;
    for (const word of sentence) {
      const { length } = word.replace(/\s/gu, '');
      spans.words.add(`${at} ${length}`);
      at += length;
    }
    spans.sentences.add(`${first} ${at}`);
  }
  return spans;
}

/** @param texts pairs of sentences of words, found and true, of the same text */
export function cutScores(texts: readonly (readonly [found: Cut, gold: Cut])[]): CutScores {
  const counts = { words: { both: 0, all: 0 }, sentences: { both: 0, all: 0 } };
  for (const [found, gold] of texts) {
    const [ours, theirs] = [spansOf(found), spansOf(gold)];
    for (const unit of ['words', 'sentences'] as const) {
      for (const span of theirs[unit]) if (ours[unit].has(span)) counts[unit].both++;
      counts[unit].all += ours[unit].size + theirs[unit].size;
    }
  }
  const f1 = ({ both, all }: { readonly both: number; readonly all: number }): number => (2 * both) / all;
  return { words: f1(counts.words), sentences: f1(counts.sentences) };
}
