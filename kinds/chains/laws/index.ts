/** The exact laws that a world follows under a mixture, with the settings that a user gave. */
import { ruleOf, type MixturePlan, type SamplePlan } from '../../../spec/mixture.js';
import type { WorldPlan } from '../plan.js';
import { bandwidthOf, mixtureMoments, shapeMoments } from '../truth.js';
import { discreteLaws } from './discrete.js';
import { gaussianLaws } from './gaussian.js';
import { momentLaws } from './moment-laws.js';
import { regressionLaws } from './regression.js';
import type { Law } from './types.js';

/** Empty where no law is known: real text has no exact distribution, nor has a list of terms that has no name. */
export function lawsOf(world: WorldPlan, sample: SamplePlan, given: MixturePlan): Law[] {
  const mixture = ruleOf(given);
  if (mixture === undefined) return [];
  switch (world.family) {
    case 'gaussian':
      return gaussianLaws(world, sample, mixture);
    case 'discrete':
      return discreteLaws(world, sample, mixture);
    case 'regression':
      return regressionLaws(world, sample, mixture);
    case 'gmm': {
      // a step of EM leaves the mixture with the training set's mean and covariance, plus the regularisation
      const moments = { variance: mixtureMoments(world.truth).variance, factor: () => 1, inflation: () => world.regularization };
      return momentLaws(
        moments,
        sample,
        mixture,
        { variance: 'total/trace-over-d', squaredError: 'of-mean/over-d' },
        'divisor n',
      );
    }
    case 'kde': {
      const moments = {
        variance: shapeMoments(world.shape).variance,
        factor: () => 1,
        inflation: (n: number) => bandwidthOf(world.bandwidth, n) ** 2,
      };
      return momentLaws(
        moments,
        sample,
        mixture,
        { variance: 'trace-over-d', squaredError: 'of-mean/over-d' },
        'the kernel adds h² each generation',
      );
    }
    case 'n-gram':
      return [];
  }
}
