/** The grammar of flows and the points that they learn from. */
import { z } from 'zod';
import { optimizerFields } from '../../engine/train/optimizers/fields.js';
import { scheduleFields } from '../../engine/train/schedule.js';
import { stepFields } from '../../engine/train/settings.js';
import { memberMixtureWords, mixtureSchema, sampleSchema, sampleWords } from '../../spec/mixture-schema.js';
import { LAST_SEED, memberExecution, name } from '../../spec/shared.js';
import { inheriting } from '../../spec/training.js';

const records = (usual: number) => z.int().min(2).max(1e7).default(usual);

export const pointData = z
  .strictObject({
    dimensions: z.int().min(1).max(100),
    mean: z.number().min(-1e3).max(1e3).default(0).describe('The true mean of every coordinate.'),
    sigma: z.number().gt(0).max(1e3).default(1).describe('The true standard deviation of every coordinate.'),
    records: z.strictObject({ train: records(10_000), valid: records(1000), test: records(1000) }).prefault({}),
    seed: z.int().min(0).max(LAST_SEED).default(1).describe("Seed of the real points; the experiment's seeds do not change it."),
  })
  .describe('Real points: draws from N(mean, sigma² I).');

const trainingFields = {
  ...scheduleFields,
  batch: z.int().min(1).max(1e6).describe('Points of one optimiser step.'),
  ...optimizerFields,
  weightDecay: optimizerFields.weightDecay.describe('As for language models. Default: 0.'),
  clip: stepFields.clip.removeDefault().default(0),
  select: z
    .enum(['best', 'last'])
    .default('last')
    .describe('best: the epoch with the lowest loss on the real validation points.'),
};

/** A member as the file says it, and as a condition's override makes it. */
export const affineFlow = z.strictObject({
  name,
  family: z.literal('affine-flow').describe('A normalizing flow of one affine layer: the neural twin of family: gaussian.'),
  start: z
    .enum(['base', 'generation-0', 'previous'])
    .default('base')
    .describe('What generation t >= 1 starts from: the standard normal, model 0, or model t-1.'),
  training: z.strictObject(trainingFields),
  generation0: inheriting(trainingFields).default({}),
  execution: memberExecution,
  sample: sampleSchema.optional().describe(sampleWords),
  mixture: mixtureSchema.optional().describe(memberMixtureWords),
});

export type PointDocument = z.output<typeof pointData>;
export type AffineFlowDocument = z.output<typeof affineFlow>;
