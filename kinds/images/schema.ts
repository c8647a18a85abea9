/** The grammar of autoencoders and the images that they learn from. */
import { z } from 'zod';
import { vaeArchitecture, vaeDecoding, vaeTrainingFields } from '../../engine/vae/settings.js';
import { memberMixtureWords, mixtureSchema, sampleSchema, sampleWords } from '../../spec/mixture-schema.js';
import { memberExecution, name } from '../../spec/shared.js';
import { inheriting } from '../../spec/training.js';

const imageSource = z.string().regex(/^file:.+$/, 'must be file:PATH of an IDX file of images, perhaps compressed by gzip');
const images = z.int().min(1).max(1e9);
const share = z.number().gt(0).lt(1);

export const imageData = z.strictObject({
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

/** A member as the file says it, and as a condition's override makes it. */
export const vae = z.strictObject({
  name,
  family: z.literal('vae').describe('A variational autoencoder of grey images.'),
  base: z
    .strictObject({ kind: z.literal('scratch'), architecture: vaeArchitecture })
    .describe('Where generation 0 starts: fresh weights.'),
  start: z
    .enum(['base', 'generation-0', 'previous'])
    .default('base')
    .describe('What generation t >= 1 starts from: fresh weights, model 0, or model t-1.'),
  training: z.strictObject(vaeTrainingFields),
  generation0: inheriting(vaeTrainingFields).default({}),
  decoding: vaeDecoding.prefault({}),
  execution: memberExecution,
  sample: sampleSchema.optional().describe(sampleWords),
  mixture: mixtureSchema.optional().describe(memberMixtureWords),
});

export type ImageDocument = z.output<typeof imageData>;
export type VaeDocument = z.output<typeof vae>;
