/** The exact laws that a world follows under a mixture, with the settings that a user gave. */
import { ruleOf, type MixturePlan, type SamplePlan } from '../../../spec/mixture.js';
import type { WorldPlan } from '../plan.js';
import { discreteLaws } from './discrete.js';
import { gaussianLaws } from './gaussian.js';
import { inWords, momentLaws } from './moment-laws.js';
import { momentFamily } from './moment-worlds.js';
import { regressionLaws } from './regression.js';
import { expectedTogether } from './tied.js';
import type { Law } from './types.js';

/** A member under a condition. */
export interface Subject {
  readonly name: string;
  readonly world: WorldPlan;
  readonly sample: SamplePlan;
  readonly mixture: MixturePlan;
}

/** Empty where no law is known: real text has no exact distribution, nor has a list of terms with weights that has no name. */
export function lawsOf(world: WorldPlan, sample: SamplePlan, given: MixturePlan): Law[] {
  const mixture = ruleOf(given);
  if (mixture === undefined) return lawsTogether('self', [{ name: 'self', world, sample, mixture: given }]);
  switch (world.family) {
    case 'gaussian':
      return gaussianLaws(world, sample, mixture);
    case 'discrete':
      return discreteLaws(world, sample, mixture);
    case 'regression':
      return regressionLaws(world, sample, mixture);
    case 'gmm':
    case 'kde':
      return momentLaws(momentFamily(world)!, sample, mixture);
    case 'n-gram':
      return [];
  }
}

/** Laws of one of several members that learn from each other. */
export function lawsTogether(name: string, members: readonly Subject[]): Law[] {
  const families = members.map(({ world }) => momentFamily(world));
  const own = families[members.findIndex((member) => member.name === name)];
  const tied = members.flatMap((member, i) => (families[i] ? [{ ...member, world: families[i].moments }] : []));
  if (own === undefined || tied.length < members.length || expectedTogether(tied, 0) === undefined) return [];
  return inWords(own, `of the covariances under ${members.length === 1 ? 'its terms' : `the terms of ${members.map((one) => one.name).join(', ')}`}`, (last) => expectedTogether(tied, last)!.get(name)!); // prettier-ignore
}
