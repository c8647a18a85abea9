/** Laws of least squares on a design that every generation uses again. */
import type { MixtureRule, SamplePlan } from '../../../spec/mixture.js';
import type { RegressionWorld } from '../plan.js';
import type { Law } from './types.js';

export function regressionLaws(world: RegressionWorld, sample: SamplePlan, mixture: MixtureRule): Law[] {
  const { dimensions: d, noise } = world;
  const n = sample.size;
  // one fit's error: σ² E tr (XᵀX)⁻¹, an inverse Wishart
  if (n <= d + 1 || sample.growth !== 0 || (mixture.kind !== 'replace' && mixture.kind !== 'accumulate')) return [];
  const one = (noise ** 2 * d) / (n - d - 1);
  const replace = mixture.kind === 'replace';
  return [
    {
      name: 'test-error',
      metric: 'test-error',
      variant: 'noiseless/population',
      relation: 'equal',
      statement: replace
        ? 'E[test error(t)] = (t+1) σ² d/(n-d-1)'
        : 'E[test error(t)] = σ² d/(n-d-1) times the sum of 1/s², s = 1 … t+1; at most π²/6 times that of generation 0 (Gerstgrasser et al. 2024)',
      expectations: (last) => {
        let sum = 0;
        return Array.from({ length: last + 1 }, (_, t) => (sum += replace ? one : one / (t + 1) ** 2));
      },
    },
  ];
}
