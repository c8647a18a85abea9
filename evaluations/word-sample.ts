/** Words of written texts at equal size, and metrics that are functions of them. */
import { z } from 'zod';
import { textsOf } from './input.js';
import { rowsOf } from './rows.js';
import { encode } from './token-ids.js';
import { TOKENIZERS, type Tokenizer, type TokenizerName } from './tokenizers.js';
import type { Evaluation, ScoreValue, Settings } from './types.js';

export const WORD_LIMIT = z.strictObject({
  words: z
    .int()
    .min(0)
    .max(1e9)
    .default(50_000)
    .describe('The first so many words of all texts, the last text cut, so that sizes are equal; 0: all.'),
  tokenizer: z
    .enum(Object.keys(TOKENIZERS) as [TokenizerName, ...TokenizerName[]])
    .default('lower-split')
    .describe('What a word is: `lower-split` lies between white space, in lower case.'),
});

export interface WordSample {
  /** ids of the words of each text, below `types` */
  readonly texts: readonly Int32Array[];
  /** of all texts in a row; at least one */
  readonly words: Int32Array;
  readonly types: number;
}

/** The sample taken last of texts: metrics ask for the same one after the other. */
const latest = new WeakMap<readonly string[], { readonly key: string; readonly sample: WordSample }>();

/** The words that the settings of WORD_LIMIT choose. */
export function firstWords(from: readonly string[], { words, tokenizer }: Settings): WordSample {
  const key = `${String(words)} ${String(tokenizer)}`;
  const known = latest.get(from);
  if (known?.key === key) return known.sample;
  const sample = takeWords(from, Number(words) || Infinity, TOKENIZERS[tokenizer as TokenizerName]);
  latest.set(from, { key, sample });
  return sample;
}

function takeWords(from: readonly string[], limit: number, tokenize: Tokenizer): WordSample {
  const encoded = encode(from, tokenize, limit);
  const row = new Int32Array(encoded.texts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const text of encoded.texts) {
    row.set(text, at);
    at += text.length;
  }
  return { texts: encoded.texts, words: row, types: encoded.words.length };
}

type WordMetric = Pick<Evaluation, 'name' | 'variant' | 'version' | 'summary' | 'higherIsBetter'> & {
  readonly settings?: Evaluation['settings'];
  /** of at least one word */
  readonly values: (sample: WordSample, row: ReturnType<typeof rowsOf>, settings: Settings) => ScoreValue[];
};

/** A metric of the first written words. None where no word was written. */
export function wordMetric({ values, settings: schema = WORD_LIMIT, ...metric }: WordMetric): Evaluation {
  return {
    ...metric,
    usual: false,
    of: 'texts',
    group: 'diversity',
    needs: { records: ['generated'] },
    settings: schema,
    subject: 'generated',
    compute(input, settings) {
      const sample = firstWords(textsOf(input, 'generated').texts, settings);
      return sample.words.length === 0 ? [] : values(sample, rowsOf(metric, settings), settings);
    },
  };
}
