/** The longest common subsequence. */

/** Steps above which it is not computed: seconds, at about a quarter of a million words on either side. */
const MOST = 2e9;

/**
 * Length of the longest common subsequence, bit-parallel: at most a step for 32 words of `a` and a word of `b`, mostly far fewer, since only
 * those places are touched where `b`'s word stands in `a`. Undefined where that would be too many.
 * Source: Hyyrö, "Bit-parallel LCS-length computation revisited" (2004).
 */
export function lcsLength(a: Int32Array, b: Int32Array): number | undefined {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let [endA, endB] = [a.length, b.length];
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) {
    endA--;
    endB--;
  }
  const same = start + a.length - endA;
  if (endA === start || endB === start) return same;
  const words = Math.ceil((endA - start) / 32);
  if (words * (endB - start) > MOST) return undefined;
  /** of each id: where it stands in `a`, as (word, bits) */
  const masks = new Map<number, { at: number[]; bits: number[] }>();
  for (let i = start; i < endA; i++) {
    let mask = masks.get(a[i]);
    if (!mask) masks.set(a[i], (mask = { at: [], bits: [] }));
    const at = (i - start) >>> 5;
    const bit = 1 << ((i - start) & 31);
    if (mask.at.at(-1) === at) mask.bits[mask.bits.length - 1] |= bit;
    else {
      mask.at.push(at);
      mask.bits.push(bit);
    }
  }
  const rows = new Int32Array(words).fill(-1);
  for (let j = start; j < endB; j++) {
    const mask = masks.get(b[j]);
    if (!mask) continue;
    let carry = 0;
    for (let k = 0; k < mask.at.length; k++) {
      const at = mask.at[k];
      const before = rows[at] >>> 0;
      const hits = (before & mask.bits[k]) >>> 0;
      const sum = before + hits + carry;
      rows[at] = sum | (before & ~mask.bits[k]);
      carry = sum > 0xffffffff ? 1 : 0;
      // a carry runs through words of ones, which it leaves as they are, to the first that has room, or to the next with hits
      const next = mask.at[k + 1] ?? words;
      for (let w = at + 1; carry === 1 && w < next; w++) {
        const row = rows[w] >>> 0;
        const carried = row + 1;
        rows[w] = carried | row;
        if (carried <= 0xffffffff) carry = 0;
      }
    }
  }
  let zeros = 0;
  for (let i = 0; i < endA - start; i++) if ((rows[i >>> 5] & (1 << (i & 31))) === 0) zeros++;
  return same + zeros;
}
