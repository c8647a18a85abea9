/** Longest common subsequences of a text's sentences with another's, put together: what ROUGE-Lsum counts. */

/** Steps above which it is not computed: about a second, at some twenty thousand words on either side. */
const MOST = 4e8;
/** Cells of one pair of sentences: a byte each. */
const MOST_CELLS = 1e8;

/** Whether two texts of so many words are short enough, however they are cut into sentences. */
export const isCountable = (a: number, b: number): boolean => a * b <= MOST;

/**
 * Words of `a`'s sentences that lie on a longest common subsequence with some sentence of `b`, no word more often than both texts have it.
 * Of texts that `isCountable`; undefined where a table would not fit into memory. Which of several longest subsequences counts is as in rouge-score 0.1.2, which goes back
 * through the table from its end and prefers to leave out a word of `a`.
 */
export function unionHits(a: readonly Int32Array[], b: readonly Int32Array[], types: number): number | undefined {
  const longest = (text: readonly Int32Array[]): number => text.reduce((most, { length }) => Math.max(most, length), 0);
  if (longest(a) * longest(b) > MOST_CELLS) return undefined;
  const [leftA, leftB] = [a, b].map((text) => {
    const counts = new Int32Array(types);
    for (const sentence of text) for (const word of sentence) counts[word]++;
    return counts;
  });
  let hits = 0;
  for (const sentence of a) {
    const common = new Uint8Array(sentence.length);
    for (const other of b) markCommon(sentence, other, common);
    sentence.forEach((word, i) => {
      if (common[i] === 0 || leftA[word] === 0 || leftB[word] === 0) return;
      hits++;
      leftA[word]--;
      leftB[word]--;
    });
  }
  return hits;
}

const BOTH = 0;
const IN_A = 1;
const IN_B = 2;

/** Marks the places of `a` that a longest common subsequence takes. */
function markCommon(a: Int32Array, b: Int32Array, marks: Uint8Array): void {
  const width = b.length;
  const steps = new Uint8Array(a.length * width);
  let above = new Int32Array(width + 1);
  let row = new Int32Array(width + 1);
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < width; j++) {
      const same = a[i] === b[j];
      row[j + 1] = same ? above[j] + 1 : Math.max(above[j + 1], row[j]);
      steps[i * width + j] = same ? BOTH : row[j] > above[j + 1] ? IN_B : IN_A;
    }
    [above, row] = [row, above];
  }
  let [i, j] = [a.length - 1, width - 1];
  while (i >= 0 && j >= 0) {
    const step = steps[i * width + j];
    if (step === BOTH) marks[i] = 1;
    if (step !== IN_B) i--;
    if (step !== IN_A) j--;
  }
}
