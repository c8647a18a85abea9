/** What an experiment with cheap models does, in words. */
import type { SamplePlan, SimulatedMember, SimulatedMixture, WorldPlan } from '../spec/simulation/plan.js';
import { formatNumber } from './format.js';

export function describeSimulated({ world, sample }: SimulatedMember): string {
  return `Generation 0 fits ${modelOf(world)} to ${sampleText(sample, world)}. Each later generation fits what its mixture draws and writes for the next.`;
}

function modelOf(world: WorldPlan): string {
  switch (world.family) {
    case 'gaussian':
      return `a Gaussian in ${world.dimensions} ${world.dimensions === 1 ? 'dimension' : 'dimensions'} (${world.estimator} covariance, divisor ${world.estimator === 'biased' ? 'n' : 'n - 1'}; truth: mean ${world.mean}, σ ${world.sigma})`;
    case 'discrete':
      return `frequencies over ${world.states} states (truth: ${world.zipf === 0 ? 'uniform' : `Zipf with exponent ${world.zipf}`})`;
    case 'gmm':
      return `a mixture of ${world.components} Gaussians by EM (truth: ${world.truth.length} in ${world.truth[0].mean.length} dimensions)`;
    case 'kde':
      return `a kernel density (bandwidth ${world.bandwidth}; truth: ${world.shape})`;
    case 'regression':
      return `a least-squares regression with ${world.dimensions} coefficients (noise ${world.noise})`;
    case 'n-gram':
      return `an n-gram model of order ${world.order}`;
  }
}

function sampleText({ size, growth }: SamplePlan, { family }: WorldPlan): string {
  const unit = family === 'n-gram' ? 'tokens' : 'records';
  if (size === 0) return 'the whole real text';
  return growth === 0 ? `${size} real ${unit}` : `${size} real ${unit}, and generation t has ${size} (t+1)^${growth}`;
}

export function describeSimulatedMixture(mixture: SimulatedMixture): string {
  const percent = (share: number) => `${formatNumber(share * 100, 3)} %`;
  switch (mixture.kind) {
    case 'replace':
      return 'only generated data: each generation’s records replace those before';
    case 'keep-share':
      return `${percent(mixture.share)} of the records are of the first real set, drawn anew each generation; the rest is generated`;
    case 'accumulate':
      return 'all records so far, real and generated';
    case 'accumulate-subsample':
      return 'as many records as one generation has, drawn from all so far';
    case 'fresh':
      return `${percent(mixture.share)} of the records are new real ones; the rest is generated`;
    case 'fixed-real':
      return 'the whole first real set, and as many generated records';
    case 'weights':
      return `each record comes from the model before (${percent(mixture.alpha)}), the one before that (${percent(mixture.beta)}) or new real data (${percent(mixture.gamma)})`;
  }
}
