/** The two laws of expected variance and squared error, in words. */
import type { MixtureRule, SamplePlan } from '../../../spec/mixture.js';
import type { MomentFamily } from './moment-worlds.js';
import { expectedMoments, type ExpectedMoments } from './moments.js';
import type { Law } from './types.js';

export function momentLaws(family: MomentFamily, sample: SamplePlan, mixture: MixtureRule): Law[] {
  const closed = closedForm(mixture, sample, family.words);
  return inWords(family, `under ${mixture.kind}`, (last) => expectedMoments(family.moments, sample, mixture, last), closed);
}

/** @param under what the generations are made of, in words */
export function inWords(
  { variants, words }: MomentFamily,
  under: string,
  moments: (last: number) => readonly ExpectedMoments[],
  closed = '',
): Law[] {
  const laws: Law[] = [
    {
      name: 'variance',
      metric: 'variance',
      variant: variants.variance,
      relation: 'equal',
      statement: `E[variance(t)], exact recursion ${under}, ${words}${closed}`,
      expectations: (last) => moments(last).map(({ variance }) => variance),
    },
  ];
  if (variants.squaredError === undefined) return laws;
  laws.push({
    name: 'squared-error',
    metric: 'squared-error',
    variant: variants.squaredError,
    relation: 'equal',
    statement: `E[(mean(t) - true mean)²], exact recursion ${under}, ${words}`,
    expectations: (last) => moments(last).map(({ squaredError }) => squaredError),
  });
  return laws;
}

function closedForm(mixture: MixtureRule, sample: SamplePlan, words: string): string {
  if (sample.growth !== 0) return '';
  if (mixture.kind === 'replace' && words === 'divisor n') return ': σ² (1 - 1/n)^(t+1)';
  if (mixture.kind === 'replace' && words === 'divisor n - 1') return ': σ², at every generation';
  if (mixture.kind === 'accumulate' && words === 'divisor n') return ': σ² times the product of 1 - 1/(n s²), s = 1 … t+1';
  return '';
}
