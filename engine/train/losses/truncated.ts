/**
 * Truncated cross-entropy (ForTIFAI, arXiv:2509.08972): a token whose probability under the model in training is above gamma leaves the
 * loss, since a model is surest of what models wrote. The mean stays one over all tokens, also those that left.
 */
import { z } from 'zod';
import type { TrainingLoss } from './types.js';

const schema = z.strictObject({
  kind: z
    .literal('truncated')
    .describe('Truncated cross-entropy: a token that the model in training gives more than `gamma` leaves the loss.'),
  gamma: z.number().gt(0).lt(1).describe('Largest probability of a token that is learnt from.'),
});

export type TruncatedPlan = Readonly<z.output<typeof schema>>;

export const truncated: TrainingLoss<TruncatedPlan> = {
  schema,
  words: ({ gamma }) => `truncated cross-entropy (tokens up to ${gamma})`,
  gradient(g, { nll, probabilities }, { gamma }) {
    const learnt = g.op('LessOrEqual', [g.scalar(-Math.log(gamma)), g.reshape(nll, [-1, 1])], {});
    return { expected: probabilities, target: 1, count: g.op('Cast', [learnt], { to: g.float }) };
  },
};
