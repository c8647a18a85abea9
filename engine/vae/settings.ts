/** The settings of a variational autoencoder, said once: an experiment's grammar and the plan's types are made from them. */
import { z } from 'zod';
import { optimizerFields } from '../train/optimizers/fields.js';
import type { OptimizerPlan } from '../train/optimizers/index.js';
import { scheduleFields } from '../train/schedule.js';
import { stepFields } from '../train/settings.js';

const latent = z.int().min(1).max(4096).describe('Numbers of the latent code.');
const sizes = (what: string) => z.array(z.int().min(1).max(4096)).min(1).max(8).describe(what);

export const vaeArchitecture = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('conv').describe('Convolutions of 4 x 4 with stride 2; the decoder mirrors them.'),
    latent,
    channels: sizes('Channels of each convolution; each halves the image.'),
  }),
  z.strictObject({
    kind: z.literal('dense').describe('Fully connected layers; the decoder mirrors them.'),
    latent,
    hidden: sizes('Widths of the hidden layers.'),
  }),
]);

export const vaeTrainingFields = {
  ...scheduleFields,
  schedule: scheduleFields.schedule.removeDefault().default('constant'),
  batch: z.int().min(1).max(1e6).describe('Images of one optimiser step.'),
  ...optimizerFields,
  weightDecay: optimizerFields.weightDecay.describe('As for language models. Default: 0.'),
  clip: stepFields.clip.removeDefault().default(0),
  beta: z
    .number()
    .min(0)
    .max(1e4)
    .default(1)
    .describe('Weight of the Kullback-Leibler term (Higgins et al. 2017, beta-VAE); 1: the evidence lower bound.'),
  select: z
    .enum(['best', 'last'])
    .default('last')
    .describe('best: the epoch with the lowest loss on the real validation images; last: the last.'),
};

export const vaeDecoding = z.strictObject({
  pixels: z
    .enum(['mean', 'bernoulli'])
    .default('mean')
    .describe('What is written for a code: the mean of every pixel, or black and white drawn from it.'),
  batch: z
    .int()
    .min(1)
    .max(100_000)
    .default(250)
    .describe('Images decoded together. May change rounding, so it counts as a setting of the experiment.'),
});

/** A list that nobody changes, in each of the forms. */
type Frozen<T> = T extends unknown ? { readonly [K in keyof T]: T[K] extends (infer E)[] ? readonly E[] : T[K] } : never;

export type VaeArchitecturePlan = Frozen<z.output<typeof vaeArchitecture>>;
export type VaeTrainingPlan = Readonly<Omit<z.output<z.ZodObject<typeof vaeTrainingFields>>, keyof OptimizerPlan>> &
  OptimizerPlan;
export type VaeDecodingPlan = Readonly<z.output<typeof vaeDecoding>>;
