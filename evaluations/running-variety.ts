/** Type-token ratios along a text: moving averages and lengths of stretches that stay varied. All linear in the number of tokens. */

/** Mean type-token ratio of all windows of `window` words; of the whole where there are not more. Undefined of no word. */
export function movingAverageTtr(words: Int32Array, types: number, window: number): number | undefined {
  const n = words.length;
  if (n === 0) return undefined;
  const counts = new Uint32Array(types);
  const size = Math.min(window, n);
  let [found, sum] = [0, 0];
  for (let i = 0; i < n; i++) {
    if (i >= size && --counts[words[i - size]] === 0) found--;
    if (counts[words[i]]++ === 0) found++;
    if (i >= size - 1) sum += found / size;
  }
  return sum / (n - size + 1);
}

/** How a stretch of words ends: a factor. */
export interface MtldForm {
  /** a factor ends where its type-token ratio is below .72, or also where it is .72 */
  readonly atThreshold: boolean;
  /** words that a factor has at least */
  readonly minimum: number;
  /** whether the last word may end a factor; else what follows the last factor is always a partial one */
  readonly lastMayEnd: boolean;
  /** value where there is not one factor, as for words that never come again: 0, or the number of words */
  readonly withoutFactor: 'zero' | 'length';
}

const THRESHOLD = 0.72;

/** Mean length of stretches whose type-token ratio stays above .72, mean of both directions. Undefined of no word. */
export function mtld(words: Int32Array, types: number, form: MtldForm): number | undefined {
  if (words.length === 0) return undefined;
  return (oneWay(words, types, form) + oneWay(words.slice().reverse(), types, form)) / 2;
}

function oneWay(words: Int32Array, types: number, { atThreshold, minimum, lastMayEnd, withoutFactor }: MtldForm): number {
  /** the factor in which a word was seen last, from 1 */
  const seenIn = new Uint32Array(types);
  let [factor, found, length, factors] = [1, 0, 0, 0];
  for (let i = 0; i < words.length; i++) {
    length++;
    if (seenIn[words[i]] !== factor) found++;
    seenIn[words[i]] = factor;
    const ratio = found / length;
    if (!(ratio < THRESHOLD || (atThreshold && ratio === THRESHOLD)) || length < minimum) continue;
    if (i === words.length - 1 && !lastMayEnd) continue;
    factor++;
    factors++;
    found = 0;
    length = 0;
  }
  if (length > 0) factors += (1 - found / length) / (1 - THRESHOLD);
  if (factors === 0) return withoutFactor === 'zero' ? 0 : words.length;
  return words.length / factors;
}
