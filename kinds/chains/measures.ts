/** What is measured of each cheap family's models, in the order in which the family gives the numbers. */
import type { Group } from '../../evaluations/groups.js';
import type { WorldPlan } from './plan.js';

/** Becomes `metric`, `variant` and `version` of score rows. */
export interface Measure {
  readonly metric: string;
  readonly variant: string;
  /** which of a reader's questions it answers */
  readonly group: Group;
  /** raised when the same model would get another value */
  readonly version: number;
  /** what it is, its unit and range */
  readonly summary: string;
}

export const MEASURES: Readonly<Record<WorldPlan['family'], readonly Measure[]>> = {
  gaussian: [
    {
      metric: 'variance',
      variant: 'trace-over-d',
      group: 'diversity',
      version: 1,
      summary: 'Mean over coordinates of the fitted variance, tr(Σ)/d; squared units of the data.',
    },
    {
      metric: 'squared-error',
      variant: 'of-mean/over-d',
      group: 'real',
      version: 1,
      summary: 'Squared distance of the fitted mean from the true one, divided by d.',
    },
    {
      metric: 'log-variance',
      variant: 'log-det-over-d',
      group: 'diversity',
      version: 1,
      summary: 'log det(Σ)/d of the fitted covariance; nats. In one dimension the logarithm of the variance.',
    },
    {
      metric: 'standard-deviation',
      variant: 'root-trace-over-d',
      group: 'diversity',
      version: 1,
      summary: '√(tr(Σ)/d) of the fitted covariance; units of the data.',
    },
    {
      metric: 'wasserstein-2',
      variant: 'squared/over-d',
      group: 'real',
      version: 1,
      summary: 'Squared 2-Wasserstein distance of the fitted from the true Gaussian, divided by d.',
    },
  ],
  discrete: [
    {
      metric: 'variance',
      variant: 'one-minus-sum-of-squares',
      group: 'diversity',
      version: 1,
      summary: '1 - Σp², the chance that two draws from the model differ (heterozygosity); in [0, 1).',
    },
    {
      metric: 'entropy',
      variant: 'plug-in/nats',
      group: 'diversity',
      version: 1,
      summary: 'Entropy of the model’s frequencies; nats.',
    },
    {
      metric: 'survival',
      variant: 'share-of-states',
      group: 'tail',
      version: 1,
      summary: 'Share of the true states to which the model gives any probability; in [0, 1].',
    },
    {
      metric: 'largest-share',
      variant: 'max-p',
      group: 'diversity',
      version: 1,
      summary: 'Probability of the model’s most frequent state; 1 in an absorbing state.',
    },
  ],
  gmm: [
    {
      metric: 'l2-distance',
      variant: 'squared/closed-form',
      group: 'real',
      version: 1,
      summary: 'Squared L2 distance ∫(p - q)² of the fitted from the true density; unbounded as the fit concentrates.',
    },
    {
      metric: 'standard-deviation',
      variant: 'mean-over-components/root-trace-over-d',
      group: 'diversity',
      version: 1,
      summary: 'Mean over components of √(tr Σ/d).',
    },
    {
      metric: 'variance',
      variant: 'total/trace-over-d',
      group: 'diversity',
      version: 1,
      summary: 'Variance of the whole mixture, mean over coordinates.',
    },
    {
      metric: 'squared-error',
      variant: 'of-mean/over-d',
      group: 'real',
      version: 1,
      summary: 'Squared distance of the whole mixture’s mean from the true one, divided by d.',
    },
  ],
  kde: [
    {
      metric: 'negative-log-likelihood',
      variant: 'real-test/mean',
      group: 'real',
      version: 1,
      summary: 'Mean negative log density of real test records under the model; nats a record.',
    },
    {
      metric: 'variance',
      variant: 'trace-over-d',
      group: 'diversity',
      version: 1,
      summary: 'Mean over coordinates of the density’s variance, kernel included.',
    },
    {
      metric: 'squared-error',
      variant: 'of-mean/over-d',
      group: 'real',
      version: 1,
      summary: 'Squared distance of the density’s mean from the true one, divided by d.',
    },
  ],
  regression: [
    {
      metric: 'test-error',
      variant: 'noiseless/population',
      group: 'real',
      version: 1,
      summary: 'Expected squared error of the prediction at a new isotropic Gaussian input, without noise: |ŵ - w|².',
    },
    {
      metric: 'coefficient-norm',
      variant: 'squared',
      group: 'other',
      version: 1,
      summary: '|ŵ|² of the fitted coefficients; the true one’s expectation is 1.',
    },
  ],
  'n-gram': [
    {
      metric: 'perplexity',
      variant: 'real-test/interpolated',
      group: 'real',
      version: 1,
      summary: 'exp of the mean negative log probability of a real test token under the interpolated model.',
    },
    {
      metric: 'survival',
      variant: 'share-of-real-types',
      group: 'tail',
      version: 1,
      summary: 'Share of the real text’s types that the model still knows; in [0, 1].',
    },
    {
      metric: 'tail-rate',
      variant: 'share-of-training-tokens',
      group: 'tail',
      version: 1,
      summary:
        'Share of the model’s training tokens that are among the real text’s rarest types: a martingale under honest sampling.',
    },
    {
      metric: 'variance',
      variant: 'one-minus-sum-of-squares',
      group: 'diversity',
      version: 1,
      summary: '1 - Σp² over types: the chance that two training tokens differ.',
    },
    {
      metric: 'distinct-2',
      variant: 'first-100k-training-tokens',
      group: 'diversity',
      version: 1,
      summary: 'Distinct bigrams over bigrams of the first 100,000 tokens that the model was fitted to.',
    },
  ],
};
