/** Zipf's law: how steeply word frequencies fall with the rank. */
import { z } from 'zod';
import { ranked, zipfLeastSquares, zipfMaximumLikelihood } from './power-laws.js';
import { countsOf } from './token-ids.js';
import { WORD_LIMIT, wordMetric } from './word-sample.js';

/**
 * Exponent s of f ~ rank^-s over the `ranks` most frequent words: least squares on logarithms, with `…/r2`; `…/maximum-likelihood`: of
 * the words drawn from these ranks. They differ (.887 and .959 on Wikipedia). n: ranks. None for fewer than two.
 */
export const zipf = wordMetric({
  name: 'zipf',
  variant: 'exponent',
  version: 1,
  summary:
    "Zipf's law: exponent of the fall of word frequencies with the rank, by least squares on logarithms and by maximum likelihood.",
  settings: WORD_LIMIT.extend({
    ranks: z.int().min(0).max(1e9).default(0).describe('Over the so many most frequent words; 0: all.'),
  }),
  values({ texts, types }, row, { ranks }) {
    const frequencies = ranked(countsOf({ texts, types }), Number(ranks) || Infinity);
    const [line, likeliest] = [zipfLeastSquares(frequencies), zipfMaximumLikelihood(frequencies)];
    if (!line || likeliest === undefined) return [];
    const n = frequencies.length;
    return [row(line.exponent, n), row(line.r2, n, 'r2'), row(likeliest, n, 'maximum-likelihood')];
  },
});
