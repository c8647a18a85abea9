/** How many types occur how often: all that sampling from a bag of tokens depends on. Exact where types are rare, and small. */

/** Counts up to here have a bin of their own; above it bins are 2 % wide, and how many types are in them is known, their counts nearly. */
const EXACT = 256;
const RATIO = 1.02;

export interface Spectrum {
  /** bin i holds the types that occur edges[i] times or more, and less than edges[i + 1] */
  readonly edges: readonly number[];
  readonly counts: readonly number[];
}

/** @param frequencies how often each type occurs; those of 0 do not count */
export function spectrumOf(frequencies: ArrayLike<number>): Spectrum {
  let largest = 0;
  for (let i = 0; i < frequencies.length; i++) largest = Math.max(largest, frequencies[i]);
  const edges = [1];
  for (let edge = 1; edge <= largest; edges.push(edge)) edge = edge < EXACT ? edge + 1 : Math.ceil(edge * RATIO);
  const counts = new Array<number>(edges.length - 1).fill(0);
  for (let i = 0; i < frequencies.length; i++) if (frequencies[i] > 0) counts[binOf(edges, frequencies[i])]++;
  return { edges, counts };
}

function binOf(edges: readonly number[], frequency: number): number {
  if (frequency < EXACT) return frequency - 1;
  let [low, high] = [EXACT - 1, edges.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (edges[middle] <= frequency) low = middle;
    else high = middle;
  }
  return low;
}

/**
 * Frequencies of types, ascending, that have such a spectrum: exact where bins hold one count, else their geometric middle, scaled so that all add up.
 * @param tokens how many they are together
 */
export function frequenciesFrom({ edges, counts }: Spectrum, tokens: number): Float64Array {
  const frequencies: number[] = [];
  let [known, guessed, first] = [0, 0, Infinity];
  for (const [bin, types] of counts.entries()) {
    const [low, next] = [edges[bin], edges[bin + 1]];
    const frequency = next === low + 1 ? low : Math.sqrt(low * (next - 1));
    if (next === low + 1) known += types * low;
    else {
      first = Math.min(first, frequencies.length);
      guessed += types * frequency;
    }
    for (let i = 0; i < types; i++) frequencies.push(frequency);
  }
  const scale = guessed === 0 ? 1 : (tokens - known) / guessed;
  return Float64Array.from(frequencies, (frequency, i) => (i < first ? frequency : frequency * scale));
}
