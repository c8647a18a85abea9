/** Parses as columns, a row a text. */
import { writeConllu, type Sentence } from './conllu.js';
import { englishParser } from './english.js';
import { upTo } from './sentences.js';

export interface ParseColumns {
  readonly columns: { readonly sentence_count: Int32Array; readonly word_count: Int32Array };
  readonly texts: { readonly conllu: readonly string[] };
}

/** @param most sentences, after which texts are left without a parse; default: all */
export function parseTexts(texts: readonly string[], most = Infinity): ParseColumns {
  const parser = englishParser();
  return columnsOf(upTo(most, texts, (text) => parser.parse(text)));
}

/** @param parsed sentences of each text */
export function columnsOf(parsed: readonly (readonly Sentence[])[]): ParseColumns {
  return {
    columns: {
      sentence_count: Int32Array.from(parsed, (sentences) => sentences.length),
      word_count: Int32Array.from(parsed, (sentences) => sentences.reduce((sum, { forms }) => sum + forms.length, 0)),
    },
    texts: { conllu: parsed.map((sentences) => sentences.map(writeConllu).join('')) },
  };
}
