/**
 * Prompt-lookup decoding (Saxena 2023, github.com/apoorvumang/prompt-lookup-decoding), with transformers' rules: what followed the
 * first earlier place of the longest matching end of the sequence is taken for a draft of its continuation. Summaries, translations
 * and code copy much from their prompts.
 */

/**
 * @param tokens the sequence so far
 * @param largestNgram the sequence's last tokens are looked up, so many at most
 * @param count draft tokens at most
 * @returns the draft; empty if nothing matches
 */
export function lookUp(tokens: Int32Array, largestNgram: number, count: number): Int32Array {
  const { length } = tokens;
  for (let size = Math.min(largestNgram, length - 1); size > 0; size--) {
    const suffix = length - size;
    for (let start = 0; start < suffix; start++) {
      let k = 0;
      while (k < size && tokens[start + k] === tokens[suffix + k]) k++;
      if (k === size) return tokens.subarray(start + size, Math.min(start + size + count, length));
    }
  }
  return new Int32Array(0);
}
