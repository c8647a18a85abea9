/** Prosody: how varied the rhythm of written English is, as patterns of stressed and unstressed syllables. */
import { z } from 'zod';
import { entropyOf } from './frequencies.js';
import { firstTexts } from './input.js';
import { spokenWords, stressesOf, stressLexicon } from './lexicon/stress.js';
import { rowsOf } from './rows.js';
import type { Evaluation } from './types.js';

/** Stresses of a text's syllables, in runs that unknown words end. */
export interface Rhythm {
  /** each a string of 0, 1 and 2 */
  readonly runs: readonly string[];
  readonly words: number;
  readonly known: number;
}

export function rhythmOf(text: string, lexicon: ReadonlyMap<string, string>): Rhythm {
  const runs: string[] = [];
  let run: string[] = [];
  let [words, known] = [0, 0];
  const end = (): void => {
    if (run.length > 0) runs.push(run.join(''));
    run = [];
  };
  for (const word of spokenWords(text)) {
    const stresses = stressesOf(word, lexicon);
    words++;
    if (stresses === undefined) end();
    else {
      known++;
      run.push(stresses);
    }
  }
  end();
  return { runs, words, known };
}

/** How often each n-gram of stresses occurs: (3^order). */
export function stressCounts({ runs }: Pick<Rhythm, 'runs'>, order: number): Float64Array {
  const size = 3 ** order;
  const counts = new Float64Array(size);
  for (const run of runs) {
    let at = 0;
    for (let i = 0; i < run.length; i++) {
      at = (at * 3 + run.charCodeAt(i) - 48) % size;
      if (i >= order - 1) counts[at]++;
    }
  }
  return counts;
}

/** Mean of 1 - cos over all pairs of two vectors of which none is zero; undefined of fewer than two. Linear in their number. */
export function meanCosineDistance(vectors: readonly Float64Array[]): number | undefined {
  const n = vectors.length;
  if (n < 2) return undefined;
  const sum = new Float64Array(vectors[0].length);
  for (const vector of vectors) {
    const length = Math.sqrt(vector.reduce((all, x) => all + x * x, 0));
    vector.forEach((x, i) => (sum[i] += x / length));
  }
  const square = sum.reduce((all, x) => all + x * x, 0);
  return Math.max(0, 1 - (square - n) / (n * (n - 1)));
}

const total = (counts: Float64Array): number => counts.reduce((sum, count) => sum + count, 0);

/**
 * Plug-in entropy in nats of the n-grams of stresses (1 primary, 2 secondary, 0 none; `order` syllables, across words, not across texts or words
 * that the lexicon lacks), in [0, order ln 3]; n: n-grams. `…/rate`: by how much it exceeds that of one syllable fewer, which is how little the
 * syllables before tell of the next; `…/self-distance`: mean over pairs of texts of 1 - cos of their counts, in [0, 1], 0 where all texts have one
 * rhythm; n: texts that have an n-gram; it falls with their length. `…/known-words`: share of words that the lexicon has; n: words. None without
 * an n-gram. English alone; words as they are stressed by themselves (the 0, of 1). Asked for by Stein's thesis (2024) as future work; lexicon: the
 * CMU Pronouncing Dictionary.
 */
export const prosody: Evaluation = {
  name: 'prosody',
  group: 'syntax',
  variant: 'stress/cmudict',
  version: 1,
  summary:
    'Rhythm of English: entropy in nats of n-grams of stressed and unstressed syllables (CMUdict), its rate a syllable, and how unlike texts are in them; higher is more varied.',
  higherIsBetter: true,
  usual: false,
  of: 'texts',
  needs: { records: ['generated'] },
  settings: z.strictObject({
    texts: z.int().min(0).max(1e9).default(5000).describe('The first so many texts, so that sizes are equal; 0: all.'),
    order: z.int().min(1).max(8).default(4).describe('Syllables of an n-gram.'),
  }),
  subject: 'generated',
  compute(input, settings) {
    const texts = firstTexts(input, settings);
    const order = Number(settings.order);
    const lexicon = stressLexicon();
    const rhythms = texts.map((text) => rhythmOf(text, lexicon));
    const words = rhythms.reduce((sum, one) => sum + one.words, 0);
    if (words === 0) return [];
    const row = rowsOf(this, settings);
    const known = row(rhythms.reduce((sum, one) => sum + one.known, 0) / words, words, 'known-words');
    const vectors = rhythms.map((one) => stressCounts(one, order)).filter((counts) => total(counts) > 0);
    if (vectors.length === 0) return [known];
    const all = vectors[0].map((_, i) => vectors.reduce((sum, counts) => sum + counts[i], 0));
    const n = total(all);
    // of the same places, so that the difference is a conditional entropy: the last syllable of each n-gram left out
    const shorter = new Float64Array(all.length / 3);
    all.forEach((count, i) => (shorter[Math.floor(i / 3)] += count));
    const entropy = entropyOf(all);
    const distance = meanCosineDistance(vectors);
    return [
      row(entropy, n),
      row(Math.max(0, entropy - entropyOf(shorter)), n, 'rate'),
      ...(distance === undefined ? [] : [row(distance, vectors.length, 'self-distance')]),
      known,
    ];
  },
};
