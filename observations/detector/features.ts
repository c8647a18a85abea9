/** What a detector sees of a text: which n-grams of tokens it has, as a sparse vector of unit length. */

export interface Features {
  /** places, each once */
  readonly at: Int32Array;
  readonly value: Float32Array;
}

/**
 * @param tokens in the tokenizer that all texts of the detector are written in
 * @param orders n-grams of 1 … orders tokens
 * @param bits places are hashes of so many bits; n-grams that collide count together
 * @returns log(1 + count) at each place, divided by the vector's length; empty of a text without tokens
 */
export function featuresOf(tokens: readonly number[], orders: number, bits: number): Features {
  const counts = new Map<number, number>();
  for (let start = 0; start < tokens.length; start++) {
    // FNV-1a over whole ids, mixed at the end: the highest bits are the best
    let hash = 0x811c9dc5;
    for (let n = 0; n < orders && start + n < tokens.length; n++) {
      hash = Math.imul(hash ^ (tokens[start + n] + 1), 0x01000193);
      const place = mixed(hash ^ n) >>> (32 - bits);
      counts.set(place, (counts.get(place) ?? 0) + 1);
    }
  }
  const value = Float32Array.from(counts.values(), (count) => Math.log1p(count));
  const length = Math.sqrt(value.reduce((sum, x) => sum + x * x, 0));
  return { at: Int32Array.from(counts.keys()), value: value.map((x) => x / length) };
}

/** MurmurHash3's finaliser. */
function mixed(hash: number): number {
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
