/** Laws of the fitted Gaussian. */
import { sizeAt, type MixtureRule, type SamplePlan } from '../../../spec/mixture.js';
import type { GaussianWorld } from '../plan.js';
import { momentLaws } from './moment-laws.js';
import { momentFamily } from './moment-worlds.js';
import { expectedMoments } from './moments.js';
import { digamma, logGamma } from '../../../statistics/special.js';
import type { Law } from './types.js';

export function gaussianLaws(world: GaussianWorld, sample: SamplePlan, mixture: MixtureRule): Law[] {
  const { dimensions: d, sigma, estimator } = world;
  const ddof = estimator === 'biased' ? 0 : 1;
  const family = momentFamily(world)!;
  const laws = momentLaws(family, sample, mixture);
  if (mixture.kind !== 'replace') return laws;
  const size = (t: number) => sizeAt(sample, t);
  laws.push({
    name: 'log-variance',
    metric: 'log-variance',
    variant: 'log-det-over-d',
    relation: 'equal',
    statement: `E[log det Σ(t)]/d falls by ${d === 1 ? 'ψ((n-1)/2)' : 'the mean of ψ((n-i)/2), i = 1 … d,'} against ln(${ddof === 1 ? '(n-1)' : 'n'}/2) each generation (log of a Wishart determinant)`,
    expectations: (last) => cumulative(last, Math.log(sigma ** 2), (t) => (size(t) <= d ? NaN : logDetStep(size(t), d, ddof))),
  });
  if (d > 1) return laws;
  const deviation = (last: number) => cumulative(last, Math.log(sigma), (t) => logDeviationStep(size(t), ddof)).map(Math.exp);
  laws.push({
    name: 'standard-deviation',
    metric: 'standard-deviation',
    variant: 'root-trace-over-d',
    relation: 'equal',
    statement: `E[σ(t)] = σ times the product of √(2/${ddof === 1 ? '(n-1)' : 'n'}) Γ(n/2)/Γ((n-1)/2) (mean of a chi variable)`,
    expectations: deviation,
  });
  laws.push({
    name: 'wasserstein-2',
    metric: 'wasserstein-2',
    variant: 'squared/over-d',
    relation: 'equal',
    statement:
      'E[W2²] = E[(μ(t)-μ)²] + E[σ(t)²] + σ² - 2σ E[σ(t)]; unbounded with divisor n - 1 and constant n (Shumailov et al. 2024, theorem 3.1)',
    expectations: (last) => {
      const deviations = deviation(last);
      return expectedMoments(family.moments, sample, mixture, last).map(
        (m, t) => m.squaredError + m.variance + sigma ** 2 - 2 * sigma * deviations[t],
      );
    },
  });
  return laws;
}

/** start + sum of step(0 … t), for t = 0 … last. */
function cumulative(last: number, start: number, step: (t: number) => number): number[] {
  let sum = start;
  return Array.from({ length: last + 1 }, (_, t) => (sum += step(t)));
}

/** E[log det of one fit to n draws of N(0, I)]/d. */
function logDetStep(n: number, d: number, ddof: number): number {
  let sum = 0;
  for (let i = 1; i <= d; i++) sum += digamma((n - i) / 2);
  return sum / d + Math.log(2) - Math.log(n - ddof);
}

/** ln E[standard deviation of one fit to n standard normals]. */
function logDeviationStep(n: number, ddof: number): number {
  return 0.5 * Math.log(2 / (n - ddof)) + logGamma(n / 2) - logGamma((n - 1) / 2);
}
