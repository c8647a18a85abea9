/** Heaps' law: how fast the vocabulary grows with the text. */
import { z } from 'zod';
import { heapsLogLog, heapsNonlinear, vocabularyGrowth } from './power-laws.js';
import { WORD_LIMIT, wordMetric } from './word-sample.js';

/**
 * Exponent β of V = K n^β through the vocabulary after `step`, 2 `step`, … words: least squares on V, as Schaffelder's curve_fit, and
 * `…/k`; `…/log-log` and `…/log-log-k`: a line through the logarithms. They differ much (.75 and .82 on Wikipedia). n: points. None for
 * fewer than two points. Source: Heaps (1978); scipy's curve_fit.
 */
export const heaps = wordMetric({
  name: 'heaps',
  variant: 'exponent',
  version: 1,
  summary:
    "Heaps' law: exponent of the vocabulary's growth with the number of words, by least squares and by a line through logarithms.",
  higherIsBetter: true,
  settings: WORD_LIMIT.extend({
    step: z.int().min(1).max(1e9).default(1000).describe('The vocabulary is counted after every so many words.'),
  }),
  values({ texts, types }, row, { step }) {
    const { n, v } = vocabularyGrowth(texts, types, Number(step));
    const [curve, line] = [heapsNonlinear(n, v), heapsLogLog(n, v)];
    if (!curve || !line) return [];
    const of = (value: number, part?: string) => row(value, n.length, part);
    return [of(curve.beta), of(curve.K, 'k'), of(line.beta, 'log-log'), of(line.K, 'log-log-k')];
  },
});
