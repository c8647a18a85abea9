/** What operators that look at words take for one. */

/** Special tokens as records' texts have them: they are nobody's words. */
const SPECIAL = /<\/?s>|<pad>|<\|[^<>|\s]*\|>/g;
const EDGES = /^[^\p{L}\p{M}\p{N}]+|[^\p{L}\p{M}\p{N}]+$/gu;

export function withoutSpecials(text: string): string {
  return text.replace(SPECIAL, ' ');
}

/** What white space parts. */
export function piecesOf(text: string): string[] {
  return text.split(/\s+/).filter((piece) => piece !== '');
}

/** A piece without the punctuation around it, in lower case; empty where that is all of it. */
export function bareWord(piece: string): string {
  return piece.replace(EDGES, '').toLowerCase();
}

/** Runs of letters, in lower case; an apostrophe or a hyphen parts them. */
export function letterWords(text: string): string[] {
  // İ becomes an i with a dot above it
  const plain = withoutSpecials(text).toLowerCase().normalize('NFC').replaceAll('i\u0307', 'i');
  return plain.match(/\p{L}[\p{L}\p{M}]*/gu) ?? [];
}
