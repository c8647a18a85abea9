/** The grammar of cheap models: known truths, exact laws, and n-grams of real text. */
import { z } from 'zod';
import { memberMixtureWords, mixtureSchema, sampleSchema } from '../../spec/mixture-schema.js';
import { name } from '../../spec/shared.js';
import { grammar, textSource } from '../text/schema.js';

const share = z.number().gt(0).lt(1);

const ofFamily = <F extends string, S extends z.ZodRawShape>(family: F, about: string, fields: S) =>
  z.strictObject({
    name,
    family: z.literal(family).describe(about),
    ...fields,
    mixture: mixtureSchema.optional().describe(memberMixtureWords),
  });

const component = z.strictObject({
  weight: z.number().gt(0).max(1).default(1),
  mean: z.array(z.number().min(-1e6).max(1e6)).min(1).max(50),
  sigma: z.number().gt(0).max(1e6).default(1).describe('Standard deviation, the same in every direction.'),
});

/** Members by family. */
export const chainFamilies = {
  gaussian: ofFamily('gaussian', 'Mean and covariance of N(mean, sigma² I).', {
    sample: sampleSchema,
    dimensions: z.int().min(1).max(200).default(1),
    mean: z.number().min(-1e6).max(1e6).default(0).describe('The true mean of every coordinate.'),
    sigma: z.number().gt(0).max(1e6).default(1).describe('The true standard deviation of every coordinate.'),
    estimator: z.enum(['biased', 'unbiased']).default('biased').describe('Covariance divided by n, or by n - 1.'),
  }),
  discrete: ofFamily('discrete', 'Frequencies over states.', {
    sample: sampleSchema,
    states: z.int().min(2).max(1e6),
    zipf: z.number().min(0).max(4).default(0).describe('True p(i) proportional to i^-zipf; 0: uniform.'),
  }),
  gmm: ofFamily('gmm', 'A mixture of Gaussians with full covariances, fitted by EM.', {
    sample: sampleSchema,
    truth: z
      .array(component)
      .min(1)
      .max(50)
      .default([{ weight: 1, mean: [0, 0], sigma: 1 }])
      .describe('The true mixture.'),
    components: z.int().min(1).max(50).default(2).describe('Components of the fit.'),
    tolerance: z.number().gt(0).max(1).default(1e-5).describe('EM stops when the mean log-likelihood gains less.'),
    maxIterations: z.int().min(1).max(100_000).default(2000),
    regularization: z.number().min(0).max(1).default(1e-6).describe('Added to every variance.'),
  }),
  kde: ofFamily('kde', 'A Gaussian kernel density estimate in the plane.', {
    sample: sampleSchema,
    shape: z.enum(['normal', 'blobs', 'circles', 'moons']).default('blobs').describe('What is true.'),
    bandwidth: z
      .union([z.enum(['scott', 'silverman']), z.number().gt(0).max(100)])
      .default('scott')
      .describe('A width, or a rule from the number of records.'),
    test: z.int().min(1).max(1e6).default(500).describe('Real records that the density is scored on.'),
  }),
  regression: ofFamily('regression', 'Least squares on a design that every generation labels anew.', {
    sample: sampleSchema,
    dimensions: z.int().min(1).max(200),
    noise: z.number().gt(0).max(1e6).default(1).describe('Standard deviation of the labels’ noise.'),
  }),
  'n-gram': ofFamily('n-gram', 'Maximum-likelihood n-gram counts of real text.', {
    sample: sampleSchema.optional().describe('Tokens of each generation. Default: as many as the text has.'),
    order: z.int().min(1).max(3).default(2),
    interpolation: z
      .array(z.number().min(0).max(1))
      .min(2)
      .max(4)
      .optional()
      .describe(
        'Weights when scoring, from the highest order down to uniform. Default: 0.99/0.01, 0.7/0.29/0.01 or 0.5/0.3/0.19/0.01.',
      ),
    tail: share.default(0.05).describe('The tail: the rarest types that together have this share of the real tokens.'),
  }),
};

/** Real text where n-grams alone read it. */
export const chainData = z.strictObject({
  train: textSource.describe('Real text that n-grams count.'),
  test: textSource
    .optional()
    .describe("Real text that they are scored on. Default for hf and grammar sources: train's source, split `test`."),
  grammar: grammar.optional(),
});

export type ChainDataDocument = z.output<typeof chainData>;
export type ChainMemberDocument = z.output<(typeof chainFamilies)[keyof typeof chainFamilies]>;
