/**
 * GPT-2's byte-level alphabet and word split, as `ByteLevel` of Hugging Face tokenizers: every byte has a printable character, so
 * that any text is a string over 256 symbols and nothing is ever out of vocabulary.
 */

/** Byte (0–255) to its printable character: printable Latin-1 stands for itself, the rest for U+0100 onwards, in byte order. */
export const BYTE_TO_CHAR: readonly string[] = buildByteTable();

const CHAR_TO_BYTE = new Map(BYTE_TO_CHAR.map((char, byte) => [char, byte]));

/**
 * GPT-2's word pattern. White space is spelled `\p{White_Space}` because Oniguruma's `\s`, which the reference uses, counts U+0085
 * as white space and U+FEFF not; JavaScript's `\s` has it the other way round.
 */
const WORDS =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

function buildByteTable(): string[] {
  const printable = (byte: number) => (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++));
}

/** The words of a text, in order; joined they give the text back. */
export function splitWords(text: string): readonly string[] {
  return text.match(WORDS) ?? [];
}

/** The same, with where each begins. */
export function splitWordsAt(text: string): [word: string, at: number][] {
  let at = 0;
  return splitWords(text).map((word) => {
    at += word.length;
    return [word, at - word.length];
  });
}

/** A string's UTF-8 bytes, each as its printable character. */
export function toByteChars(text: string): string {
  let out = '';
  for (const byte of encoder.encode(text)) out += BYTE_TO_CHAR[byte];
  return out;
}

/**
 * Inverse of {@link toByteChars}, token by token; bytes that are no UTF-8 (a character cut between tokens) become U+FFFD. A token
 * with a character outside the alphabet (a word added to the vocabulary by hand) stands for itself.
 */
export function fromTokenBytes(tokens: readonly string[]): string {
  const bytes: number[] = [];
  for (const token of tokens) {
    const from = bytes.length;
    for (const char of token) {
      const byte = CHAR_TO_BYTE.get(char);
      if (byte !== undefined) {
        bytes.push(byte);
        continue;
      }
      bytes.length = from;
      for (const own of encoder.encode(token)) bytes.push(own);
      break;
    }
  }
  return decoder.decode(Uint8Array.from(bytes));
}
