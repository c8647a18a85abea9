/** The two laws of expected variance and squared error, in words. */
import type { MixtureRule, SamplePlan } from '../../../spec/mixture.js';
import type { MomentWorld } from './moments.js';
import { expectedMoments } from './moments.js';
import type { Law } from './types.js';

/** @param variants of the measures `variance` and `squared-error` of the family */
export function momentLaws(
  world: MomentWorld,
  sample: SamplePlan,
  mixture: MixtureRule,
  variants: { readonly variance: string; readonly squaredError: string },
  estimator: string,
): Law[] {
  const moments = (last: number) => expectedMoments(world, sample, mixture, last);
  return [
    {
      name: 'variance',
      metric: 'variance',
      variant: variants.variance,
      relation: 'equal',
      statement: `E[variance(t)], exact recursion under ${mixture.kind}, ${estimator}${closedForm(mixture, sample, estimator)}`,
      expectations: (last) => moments(last).map(({ variance }) => variance),
    },
    {
      name: 'squared-error',
      metric: 'squared-error',
      variant: variants.squaredError,
      relation: 'equal',
      statement: `E[(mean(t) - true mean)²], exact recursion under ${mixture.kind}, ${estimator}`,
      expectations: (last) => moments(last).map(({ squaredError }) => squaredError),
    },
  ];
}

function closedForm(mixture: MixtureRule, sample: SamplePlan, estimator: string): string {
  if (sample.growth !== 0) return '';
  if (mixture.kind === 'replace' && estimator === 'divisor n') return ': σ² (1 - 1/n)^(t+1)';
  if (mixture.kind === 'replace' && estimator === 'divisor n - 1') return ': σ², at every generation';
  if (mixture.kind === 'accumulate' && estimator === 'divisor n') return ': σ² times the product of 1 - 1/(n s²), s = 1 … t+1';
  return '';
}
