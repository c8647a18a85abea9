/** Laws of frequencies: drift of heterozygosity, and how many states survive. */
import type { MixtureRule, SamplePlan } from '../../../spec/mixture.js';
import type { DiscreteWorld } from '../plan.js';
import { zipfProbabilities } from '../truth.js';
import { momentFamily } from './moment-worlds.js';
import { expectedMoments } from './moments.js';
import type { Law } from './types.js';

export function discreteLaws(world: DiscreteWorld, sample: SamplePlan, mixture: MixtureRule): Law[] {
  const p = zipfProbabilities(world);
  const laws: Law[] = [
    {
      name: 'heterozygosity',
      metric: 'variance',
      variant: 'one-minus-sum-of-squares',
      relation: 'equal',
      statement: `E[1 - Σp²(t)], exact recursion under ${mixture.kind}${mixture.kind === 'replace' && sample.growth === 0 ? ': (1 - Σp²) (1 - 1/n)^(t+1) (Wright–Fisher)' : ''}`,
      expectations: (last) => expectedMoments(momentFamily(world)!.moments, sample, mixture, last).map((m) => m.variance),
    },
    {
      name: 'one-step-survival',
      metric: 'survival',
      variant: 'share-of-states',
      relation: 'equal',
      statement: 'generation 0 has state i with probability 1 - (1 - p(i))^n',
      expectations: (last) => [mean(p, (x) => 1 - (1 - x) ** sample.size), ...new Array<number>(last).fill(NaN)],
    },
  ];
  if (mixture.kind !== 'replace' || sample.growth !== 0) return laws;
  laws.push({
    name: 'survival-bound',
    metric: 'survival',
    variant: 'share-of-states',
    relation: 'at-least',
    statement:
      'state i is alive with probability at least 1 - exp(-n p(i) g(t)), g(0) = 1, g(t+1) = 1 - exp(-g(t)) (a Poisson branching process dies out sooner)',
    expectations: (last) => {
      let g = 1;
      return Array.from({ length: last + 1 }, () => {
        const alive = mean(p, (x) => 1 - Math.exp(-sample.size * x * g));
        g = 1 - Math.exp(-g);
        return alive;
      });
    },
  });
  return laws;
}

function mean(p: Float64Array, f: (x: number) => number): number {
  return p.reduce((sum, x) => sum + f(x), 0) / p.length;
}
