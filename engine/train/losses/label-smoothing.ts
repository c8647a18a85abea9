/**
 * Label smoothing (Szegedy et al. 2016, arXiv:1512.00567), as torch's cross_entropy has it: the target gets 1 − epsilon, and every token of
 * the vocabulary epsilon / V.
 */
import { z } from 'zod';
import type { TrainingLoss } from './types.js';

const schema = z.strictObject({
  kind: z
    .literal('label-smoothing')
    .describe("Cross-entropy to a target that shares `epsilon` with the whole vocabulary alike (torch's label_smoothing)."),
  epsilon: z.number().gt(0).lt(1).describe('Share that is given to all tokens alike.'),
});

export type LabelSmoothingPlan = Readonly<z.output<typeof schema>>;

export const labelSmoothing: TrainingLoss<LabelSmoothingPlan> = {
  schema,
  words: ({ epsilon }) => `label smoothing ${epsilon}`,
  gradient(g, { probabilities, vocabularySize }, { epsilon }) {
    return { expected: g.sub(probabilities, g.scalar(epsilon / vocabularySize)), target: 1 - epsilon };
  },
};
