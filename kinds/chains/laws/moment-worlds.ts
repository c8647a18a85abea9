/** What the recursions of moments need of a family, and which of its measures they are about. */
import type { WorldPlan } from '../plan.js';
import { bandwidthOf, mixtureMoments, shapeMoments, zipfProbabilities } from '../truth.js';
import type { MomentWorld } from './moments.js';

export interface MomentFamily {
  readonly moments: MomentWorld;
  /** variants of the measures `variance` and, where it has one, `squared-error` */
  readonly variants: { readonly variance: string; readonly squaredError?: string };
  /** what is special about the estimator, in words */
  readonly words: string;
}

/** Undefined where the argument does not hold: a regression's records are not alike, and real text has no known distribution. */
export function momentFamily(world: WorldPlan): MomentFamily | undefined {
  const spread = { variance: 'trace-over-d', squaredError: 'of-mean/over-d' };
  switch (world.family) {
    case 'gaussian': {
      const ddof = world.estimator === 'biased' ? 0 : 1;
      const moments = { variance: world.sigma ** 2, factor: (n: number) => n / (n - ddof), inflation: () => 0 };
      return { moments, variants: spread, words: `divisor n${ddof === 1 ? ' - 1' : ''}` };
    }
    case 'gmm':
      // a step of EM leaves the mixture with the training set's mean and covariance, plus the regularisation
      return {
        moments: { variance: mixtureMoments(world.truth).variance, factor: () => 1, inflation: () => world.regularization },
        variants: { ...spread, variance: 'total/trace-over-d' },
        words: 'divisor n',
      };
    case 'kde':
      return {
        moments: {
          variance: shapeMoments(world.shape).variance,
          factor: () => 1,
          inflation: (n) => bandwidthOf(world.bandwidth, n) ** 2,
        },
        variants: spread,
        words: 'the kernel adds h² each generation',
      };
    case 'discrete': {
      // a record is a one-hot vector; its variance is 1 - Σp²
      const variance = 1 - zipfProbabilities(world).reduce((sum, x) => sum + x * x, 0);
      return {
        moments: { variance, factor: () => 1, inflation: () => 0 },
        variants: { variance: 'one-minus-sum-of-squares' },
        words: 'Wright–Fisher drift',
      };
    }
    case 'regression':
    case 'n-gram':
      return undefined;
  }
}
