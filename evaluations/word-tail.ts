/** The rare words of real text, and what a model still writes of them. */
import { z } from 'zod';
import { textsOf } from './input.js';
import { rowsOf } from './rows.js';
import { tailOfWords } from './tails.js';
import { encode } from './token-ids.js';
import { TOKENIZERS, type TokenizerName } from './tokenizers.js';
import type { Evaluation } from './types.js';
import { WORD_LIMIT } from './word-sample.js';

/**
 * Share of written words that are of the real test text's tail, the rarest words (ties by code points) that together are at most `mass` of
 * it; `…/of-real`: the same share of the real text itself; `…/coverage`: share of the real text's different words that are written;
 * `…/new-words`: different written words that it has not. Of both the first `words` words. n: written words.
 */
export const wordTail: Evaluation = {
  name: 'word-tail',
  variant: 'of-real-test',
  version: 1,
  summary:
    "Share of written words that are of the real test text's rarest `mass`, and how much of its vocabulary is written; higher keeps more of the tail.",
  higherIsBetter: true,
  usual: false,
  of: 'texts',
  group: 'tail',
  needs: { records: ['generated', 'test'] },
  settings: WORD_LIMIT.extend({
    mass: z.number().gt(0).lt(1).default(0.05).describe('The tail: the rarest words that together are at most this share.'),
  }),
  subject: 'generated',
  compute(input, settings) {
    const tokenize = TOKENIZERS[settings.tokenizer as TokenizerName];
    const limit = Number(settings.words) || Infinity;
    const real = encode(textsOf(input, 'test').texts, tokenize, limit);
    const written = encode(textsOf(input, 'generated').texts, tokenize, limit);
    const tail = tailOfWords(real, written, Number(settings.mass));
    if (tail === undefined) return [];
    const n = written.texts.reduce((sum, { length }) => sum + length, 0);
    const row = rowsOf(this, settings);
    return [
      row(tail.rateWritten, n),
      row(tail.rateReference, n, 'of-real'),
      row(tail.coverage, n, 'coverage'),
      row(tail.newTypes, n, 'new-words'),
    ];
  },
};
