/** Parses as columns, a row a text. */
import { writeConllu } from './conllu.js';
import { englishParser } from './english.js';

export interface ParseColumns {
  readonly columns: { readonly sentence_count: Int32Array; readonly word_count: Int32Array };
  readonly texts: { readonly conllu: readonly string[] };
}

export function parseTexts(texts: readonly string[]): ParseColumns {
  const parser = englishParser();
  const columns = { sentence_count: new Int32Array(texts.length), word_count: new Int32Array(texts.length) };
  const conllu = texts.map((text, i) => {
    const sentences = parser.parse(text);
    columns.sentence_count[i] = sentences.length;
    columns.word_count[i] = sentences.reduce((sum, { forms }) => sum + forms.length, 0);
    return sentences.map(writeConllu).join('');
  });
  return { columns, texts: { conllu } };
}
