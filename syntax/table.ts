/** Parses as columns, a row a text. */
import { writeConllu } from './conllu.js';
import { englishParser } from './english.js';

export interface ParseColumns {
  readonly columns: { readonly sentence_count: Int32Array; readonly word_count: Int32Array };
  readonly texts: { readonly conllu: readonly string[] };
}

/** @param most sentences, after which texts are left without a parse; default: all */
export function parseTexts(texts: readonly string[], most = Infinity): ParseColumns {
  const parser = englishParser();
  let left = most;
  const columns = { sentence_count: new Int32Array(texts.length), word_count: new Int32Array(texts.length) };
  const conllu = texts.map((text, i) => {
    const sentences = left > 0 ? parser.parse(text) : [];
    left -= sentences.length;
    columns.sentence_count[i] = sentences.length;
    columns.word_count[i] = sentences.reduce((sum, { forms }) => sum + forms.length, 0);
    return sentences.map(writeConllu).join('');
  });
  return { columns, texts: { conllu } };
}
