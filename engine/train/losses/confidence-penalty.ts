/**
 * The confidence penalty (Pereyra et al. 2017, arXiv:1701.06548), an entropy bonus to others: cross-entropy − weight · H(p), H the entropy
 * of what the model says of the next token.
 */
import { z } from 'zod';
import type { TrainingLoss } from './types.js';

const schema = z.strictObject({
  kind: z
    .literal('confidence-penalty')
    .describe("Cross-entropy less `weight` times the entropy of the model's distribution over the next token: an entropy bonus."),
  weight: z.number().gt(0).max(1000).describe('Nats of loss a nat of entropy takes away.'),
});

export type ConfidencePenaltyPlan = Readonly<z.output<typeof schema>>;

export const confidencePenalty: TrainingLoss<ConfidencePenaltyPlan> = {
  schema,
  words: ({ weight }) => `confidence penalty ${weight}`,
  // dH/dlogit = −P (log P + H)
  gradient(g, { logits, logSum, probabilities }, { weight }) {
    const logs = g.sub(logits, logSum); // (N, V) log P
    const entropy = g.neg(g.reduceSum(g.mul(probabilities, logs), [1], true)); // (N, 1)
    const pull = g.add(g.scale(g.add(logs, entropy), weight), g.scalar(1));
    return { expected: g.mul(probabilities, pull), target: 1 };
  },
};
