/** How much of the next token's probability lies on few tokens, while a model reads real text. */
import { tableOf } from './input.js';
import { rowsOf } from './rows.js';
import { NONE } from './settings.js';
import type { Evaluation, ObservationRef } from './types.js';

const TEST_PREDICTIONS: ObservationRef = { observation: 'prediction', of: 'test', under: 'self' };

/**
 * Mean over the tokens of the real test records of the Gini coefficient of the 100 greatest probabilities of the next token under model t, in
 * [0, 1): 0 of equal ones, near .99 where one token has all. `…/certain`: share of places at which one token has more than .999, which
 * Gambetta et al. call collapsed; `…/entropy`: mean entropy of the whole distribution, nats; `…/accuracy`: share of places at which the real
 * token was the most likely. n: tokens. Source: Gambetta et al., arXiv:2410.12341, who look at one prompt.
 */
export const nextToken: Evaluation = {
  name: 'next-token',
  variant: 'real-test/gini-of-100',
  version: 1,
  summary:
    'Gini coefficient of the 100 greatest next-token probabilities of model t on real test text, with the share of places where one is certain, the mean entropy and the accuracy.',
  usual: false,
  of: 'texts',
  group: 'diversity',
  needs: { observations: [TEST_PREDICTIONS] },
  settings: NONE,
  subject: 'model',
  compute(input, settings) {
    const { columns } = tableOf(input, TEST_PREDICTIONS);
    const total = (of: string): number => Array.from(columns[of]).reduce((sum, value) => sum + value, 0);
    const n = total('token_count');
    if (n === 0) return [];
    const row = rowsOf(this, settings);
    return [
      row(total('gini_sum') / n, n),
      row(total('certain_count') / n, n, 'certain'),
      row(total('entropy_sum') / n, n, 'entropy'),
      row(total('hit_count') / n, n, 'accuracy'),
    ];
  },
};
