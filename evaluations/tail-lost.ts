/** How much of a synthetic language's true tail a model never writes, beside what honest sampling would lose. */
import { z } from 'zod';
import { textsOf, truthOf } from './input.js';
import { rowsOf } from './rows.js';
import { WORDS } from './settings.js';
import { countWords } from './words.js';
import type { Evaluation, Truth } from './types.js';

/** The rarest words that together have at most `mass`: indices, rarest first, ties by word in code-unit order. */
export function tailOf(truth: Truth, mass: number): number[] {
  const order = truth.words.map((_, i) => i);
  order.sort((a, b) => truth.probability[a] - truth.probability[b] || (truth.words[a] < truth.words[b] ? -1 : 1));
  const tail: number[] = [];
  let sum = 0;
  for (const i of order) {
    sum += truth.probability[i];
    if (sum > mass) break;
    tail.push(i);
  }
  return tail;
}

/**
 * Share of the tail's words that do not occur among the first `words` written words, in [0, 1], and, as variant
 * `…/honest-sampling`, its exact expectation for n independent draws from the true distribution: the mean over the tail of
 * (1 - p)^n. n: written words that were counted. None where the tail is empty or nothing was written.
 */
export const tailLost: Evaluation = {
  name: 'tail-lost',
  variant: 'truth/share-of-tail-words',
  version: 1,
  summary:
    "Share of the true tail's words (rarest `mass`) that the first `words` written words lack, and what honest sampling of as many would lack; 0 to 1.",
  higherIsBetter: false,
  of: 'texts',
  group: 'tail',
  needs: { records: ['generated'], truth: true },
  settings: WORDS.extend({
    mass: z
      .number()
      .gt(0)
      .lt(1)
      .default(0.05)
      .describe('The tail: the rarest words that together have at most this probability.'),
  }),
  headline: ['truth/share-of-tail-words'],
  subject: 'generated',
  compute(input, settings) {
    const truth = truthOf(input);
    const { probability } = truth;
    const tail = tailOf(truth, Number(settings.mass));
    const { counts, total } = countWords(textsOf(input, 'generated').texts, truth, Number(settings.words));
    if (tail.length === 0 || total === 0) return [];
    const lost = tail.filter((i) => counts[i] === 0).length / tail.length;
    const honest = tail.reduce((sum, i) => sum + (1 - probability[i]) ** total, 0) / tail.length;
    const row = rowsOf(this, settings);
    return [row(lost, total), row(honest, total, 'honest-sampling')];
  },
};
