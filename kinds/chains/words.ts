/** Cheap models in words. */
import type { SamplePlan } from '../../spec/mixture.js';
import type { Words } from '../phrases.js';
import type { ChainDataPlan, ChainMemberPlan, WorldPlan } from './plan.js';

export const chainWords: Words<ChainMemberPlan, ChainDataPlan> = {
  sentence: ({ world, sample }) =>
    `Generation 0 fits ${modelOf(world)} to ${sampleText(sample, world)}. Each later generation fits what its mixture draws and writes for the next.`,
  brief: ({ world, sample }) => `${modelOf(world)}; ${sampleText(sample, world)}`,
  data: ({ train, test }) => ({ head: 'data, text that n-grams count', splits: [['train', train], ['test', test]] }), // prettier-ignore
};

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
