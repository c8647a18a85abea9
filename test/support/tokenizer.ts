/** Small tokenizers: bytes, and above them the pairs of what they were trained on. */
import { trainBpe } from '../../engine/tokenizer/train-bpe.js';
import { loadTokenizer, saveTokenizer } from '../../engine/tokenizer/files.js';
import type { Tokenizer } from '../../engine/tokenizer/types.js';
import { countWords } from '../../engine/tokenizer/word-counts.js';

/** `<s>`, `<pad>` and `</s>` have the ids 0, 1, 2. */
export const END = 2;

/** @param merges so many tokens are pairs of others in `lines` @returns with them what was saved */
export async function tokenizerIn(folder: string, lines: readonly string[] = ['a'], merges = 0): Promise<Tokenizer> {
  const model = trainBpe(countWords(lines), 259 + merges, ['<s>', '<pad>', '</s>']);
  await saveTokenizer(folder, model, { bos: '<s>', eos: '</s>', pad: '<pad>', maxLength: 64 });
  return loadTokenizer(folder);
}
