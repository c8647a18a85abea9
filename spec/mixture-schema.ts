/** The grammar of mixtures and sample sizes, the same for all families, and what zod cannot see of them. */
import { z } from 'zod';
import { needsNewReal, type MixtureRule, type SamplePlan } from './mixture.js';
import type { Path, Problem } from './problems.js';

const share = z.number().gt(0).lt(1);

/** Records that each generation is trained on. */
export const sampleSchema = z
  .union([
    z.int().min(2).max(1e8),
    z.strictObject({
      size: z.int().min(2).max(1e8).describe('Records of generation 0.'),
      growth: z
        .number()
        .min(0)
        .max(4)
        .default(0)
        .describe(
          'Generation t has round(size (t+1)^growth) records; above 1: the superlinear schedule under which the error stays bounded.',
        ),
    }),
  ])
  .describe('Records that each generation is trained on: a number, or {size, growth}.');

/** Of families that learn from a finite data set. */
export const sampleWords =
  'Records that each generation is trained on, those of generation 0 drawn from data.train: a number, or {size, growth}. Default: as many as data.train has.';

export function samplePlan(sample: z.output<typeof sampleSchema>): SamplePlan {
  return typeof sample === 'number' ? { size: sample, growth: 0 } : sample;
}

/** What a condition's training sets are made of: an object a kind. */
export const mixtureRules = [
  z.strictObject({ kind: z.literal('replace').describe('Only what the model before wrote.') }),
  z.strictObject({
    kind: z.literal('keep-share').describe('A share is of the first real records, redrawn each generation.'),
    share: share.describe('Share of real records.'),
  }),
  z.strictObject({ kind: z.literal('accumulate').describe('Everything so far, real and written.') }),
  z.strictObject({
    kind: z.literal('accumulate-subsample').describe('As many as one generation has, drawn from everything so far.'),
  }),
  z.strictObject({
    kind: z.literal('fresh').describe('A share is new real data.'),
    share: share.describe('Share of new records.'),
  }),
  z.strictObject({ kind: z.literal('fixed-real').describe('The whole first real set beside what the model before wrote.') }),
  z.strictObject({
    kind: z.literal('weights').describe('Nature’s alpha, beta, gamma: the model before, the one before that, and new real data.'),
    alpha: z.number().min(0).max(1),
    beta: z.number().min(0).max(1).default(0),
    gamma: z.number().min(0).max(1).default(0),
  }),
] as const;

export const mixtureWords = "Where a generation's training set comes from.";

/** @param at path of the mixture */
export function checkMixture(mixture: MixtureRule, at: Path): Problem[] {
  if (mixture.kind !== 'weights') return [];
  const sum = mixture.alpha + mixture.beta + mixture.gamma;
  if (Math.abs(sum - 1) < 1e-9) return [];
  return [{ path: at, message: `alpha, beta and gamma sum to ${sum}, not 1`, suggestion: 'change one of them' }];
}

/** Families that learn from a finite data set: new real records must be left over for later generations. */
export function checkNewReal(mixture: MixtureRule, members: readonly { readonly sample?: SamplePlan }[], at: Path): Problem[] {
  if (!needsNewReal(mixture) || members.every(({ sample }) => sample !== undefined)) return [];
  return [
    {
      path: [...at, 'kind'],
      message: `${mixture.kind} takes in real records that no generation has seen, and without a sample generation 0 trains on all of them`,
      suggestion: 'give the member sample: N, with N below the number of training records',
    },
  ];
}
