/** The experiment file's grammar for VAEs: images in place of text, and what an autoencoder has to be told. */
import { z } from 'zod';
import { scheduleFields } from '../../engine/train/schedule.js';
import { stepFields } from '../../engine/train/settings.js';
import { IMAGE_METRIC_NAMES } from '../metrics.js';
import { memberMixtureWords, mixtureSchema, sampleSchema, sampleWords } from '../mixture-schema.js';
import { condition, inheriting, metricSchema, optimizerFields } from '../schema.js';
import { SCHEMA_VERSION, engineExecution, memberExecution, name, seed } from '../shared.js';
import { sourceClaims } from '../source-claims.js';

const imageSource = z.string().regex(/^file:.+$/, 'must be file:PATH of an IDX file of images, perhaps compressed by gzip');
const images = z.int().min(1).max(1e9);
const share = z.number().gt(0).lt(1);

const data = z.strictObject({
  train: imageSource.describe('Real images: an IDX file such as train-images-idx3-ubyte or its .gz, relative to this file.'),
  valid: imageSource.optional().describe('Real images for validation. Default: a share of train is held out.'),
  test: imageSource.optional().describe('Real images for tests. Default: a share of train is held out.'),
  heldOut: z
    .strictObject({ valid: share.optional(), test: share.optional() })
    .default({})
    .describe('Shares of train for validation and test where no file is given, drawn by lot. Default: 0.1 each.'),
  limit: z
    .strictObject({ train: images.optional(), valid: images.optional(), test: images.optional() })
    .default({})
    .describe('At most so many images of each split.'),
});

const latent = z.int().min(1).max(4096).describe('Numbers of the latent code.');
const sizes = (what: string) => z.array(z.int().min(1).max(4096)).min(1).max(8).describe(what);

const architecture = z.discriminatedUnion('kind', [
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

const vaeTrainingFields = {
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
    .describe('Weight of the Kullback-Leibler term (beta-VAE); 1: the evidence lower bound.'),
  select: z
    .enum(['best', 'last'])
    .default('last')
    .describe('best: the epoch with the lowest loss on the real validation images; last: the last.'),
};

/** One member of the population as the file says it, and as a condition's override makes it. */
export const vaeMemberSchema = z.strictObject({
  name,
  family: z.literal('vae').describe('A variational autoencoder of grey images.'),
  base: z.strictObject({ kind: z.literal('scratch'), architecture }).describe('Where generation 0 starts: fresh weights.'),
  start: z
    .enum(['base', 'generation-0', 'previous'])
    .default('base')
    .describe('What generation t >= 1 starts from: fresh weights, model 0, or model t-1.'),
  training: z.strictObject(vaeTrainingFields),
  generation0: inheriting(vaeTrainingFields).default({}),
  decoding: z
    .strictObject({
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
    })
    .prefault({}),
  execution: memberExecution,
  sample: sampleSchema.optional().describe(sampleWords),
  mixture: mixtureSchema.optional().describe(memberMixtureWords),
});

export const vaeExperimentSchema = z
  .strictObject({
    schemaVersion: z.literal(SCHEMA_VERSION),
    name,
    title: z.string().max(300).optional(),
    seeds: z.array(seed).min(1).max(1000).describe('One run per condition and seed.'),
    generations: z
      .int()
      .min(0)
      .max(10_000)
      .describe('The last generation: 0 fits real images, 1 … generations train on what their mixture draws.'),
    data,
    sources: sourceClaims,
    population: z.array(vaeMemberSchema).min(1).max(100),
    conditions: z.array(condition).min(1).max(1000),
    metrics: z.array(metricSchema(IMAGE_METRIC_NAMES)).min(1).optional().describe('Default: every metric of images.'),
    execution: engineExecution.prefault({}),
  })
  .meta({ title: 'Habsburg experiment with images' });

export type VaeExperimentDocument = z.output<typeof vaeExperimentSchema>;
export type VaeMemberDocument = z.output<typeof vaeMemberSchema>;
