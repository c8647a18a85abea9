import { describe, expect, test } from '@jest/globals';
import { familyNamed } from '../../../kinds/chains/host/index.js';
import { gaussianLaws } from '../../../kinds/chains/laws/gaussian.js';
import { checkLaw } from '../../../kinds/chains/laws/check.js';
import type { Law } from '../../../kinds/chains/laws/types.js';
import type { MixtureRule, SamplePlan } from '../../../spec/mixture.js';
import type { GaussianWorld } from '../../../kinds/chains/plan.js';
import { CONFIDENCE, byLaw, simulate } from './support.js';

const biased: GaussianWorld = { family: 'gaussian', dimensions: 1, mean: 3, sigma: 2, estimator: 'biased' };

describe('the laws of the Gaussian', () => {
  const cases: [string, Partial<GaussianWorld>, SamplePlan, MixtureRule, number][] = [
    ['replace', {}, { size: 10, growth: 0 }, { kind: 'replace' }, 20],
    ['unbiased', { estimator: 'unbiased', mean: 0, sigma: 1 }, { size: 30, growth: 0 }, { kind: 'replace' }, 12],
    ['three dimensions', { dimensions: 3 }, { size: 12, growth: 0 }, { kind: 'replace' }, 12],
    ['superlinear', { estimator: 'unbiased' }, { size: 5, growth: 1.5 }, { kind: 'replace' }, 10],
    ['accumulate', { sigma: 0.5 }, { size: 10, growth: 0 }, { kind: 'accumulate' }, 20],
    ['accumulate-subsample', {}, { size: 10, growth: 0 }, { kind: 'accumulate-subsample' }, 20],
    ['keep-share', {}, { size: 12, growth: 0 }, { kind: 'keep-share', share: 0.25 }, 20],
    ['fresh', {}, { size: 12, growth: 0.5 }, { kind: 'fresh', share: 0.25 }, 12],
    ['fixed-real', {}, { size: 12, growth: 0 }, { kind: 'fixed-real' }, 20],
    ['weights', {}, { size: 15, growth: 0 }, { kind: 'weights', alpha: 0.5, beta: 0.3, gamma: 0.2 }, 20],
  ];
  test.each(cases)('%s: 1500 seeds lie inside the interval', (_, changes, sample, mixture, generations) => {
    const world = { ...biased, ...changes };
    const values = simulate(world, sample, mixture, 1500, generations);
    for (const law of gaussianLaws(world, sample, mixture)) {
      const check = checkLaw(law, byLaw(values, law, familyNamed('gaussian')), CONFIDENCE);
      expect({ law: law.name, ...check }).toMatchObject({ verdict: 'pass' });
    }
  });

  test('a law that is one generation late, or divides by n - 1, is told apart', () => {
    const sample = { size: 10, growth: 0 };
    const values = simulate(biased, sample, { kind: 'replace' }, 1500, 8);
    const late = (law: Law): Law => ({ ...law, expectations: (last) => law.expectations(last + 1).slice(1) });
    const early = (law: Law): Law => ({ ...law, expectations: (last) => [NaN, ...law.expectations(last)] });
    const other = gaussianLaws({ ...biased, estimator: 'unbiased' }, sample, { kind: 'replace' });
    const own = gaussianLaws(biased, sample, { kind: 'replace' });
    const verdict = (law: Law) => checkLaw(law, byLaw(values, law, familyNamed('gaussian')), CONFIDENCE).verdict;
    expect(own.map(verdict)).toEqual(own.map(() => 'pass'));
    for (const law of own) expect([law.name, verdict(late(law)), verdict(early(law))]).toEqual([law.name, 'fail', 'fail']);
    for (const law of other.filter(({ name }) => name !== 'squared-error'))
      expect([law.name, verdict(law)]).toEqual([law.name, 'fail']);
    const accumulated = gaussianLaws(biased, sample, { kind: 'accumulate' });
    for (const law of accumulated) expect([law.name, verdict(law)]).toEqual([law.name, 'fail']);
  });
});

describe('expectations against closed forms', () => {
  const law = (name: string, world: GaussianWorld, size: number, mixture: MixtureRule) =>
    gaussianLaws(world, { size, growth: 0 }, mixture).find((l) => l.name === name)!;
  const unit = { ...biased, mean: 0, sigma: 1 };

  test('replace: (1 - 1/n)^t, and variance plus error is the true variance', () => {
    const v = law('variance', unit, 10, { kind: 'replace' }).expectations(49);
    const a = law('squared-error', unit, 10, { kind: 'replace' }).expectations(49);
    for (const t of [1, 2, 10, 50]) {
      expect(v[t - 1]).toBeCloseTo(0.9 ** t, 12);
      expect(v[t - 1] + a[t - 1]).toBeCloseTo(1, 12);
    }
  });

  test('accumulate: the product of 1 - 1/(n s²), tending to sin(π/√n)/(π/√n)', () => {
    const v = law('variance', unit, 10, { kind: 'accumulate' }).expectations(100_000);
    let product = 1;
    for (let s = 1; s <= 100; s++) product *= 1 - 1 / (10 * s * s);
    expect(v[99]).toBeCloseTo(product, 12);
    const x = Math.PI / Math.sqrt(10);
    expect(v[100_000]).toBeCloseTo(Math.sin(x) / x, 5);
  });

  test('unbiased replace: variance stays, error is t/n; the schedule of the theorem keeps it finite', () => {
    const world = { ...unit, estimator: 'unbiased' as const };
    expect(law('variance', world, 10, { kind: 'replace' }).expectations(30)[30]).toBeCloseTo(1, 12);
    expect(law('squared-error', world, 10, { kind: 'replace' }).expectations(30)[30]).toBeCloseTo(3.1, 12);
    const grown = gaussianLaws(world, { size: 10, growth: 2 }, { kind: 'replace' })[1].expectations(20_000);
    expect(grown[20_000]).toBeCloseTo(Math.PI ** 2 / 6 / 10, 4);
  });

  test('the standard deviation of one fit, as simulated by Shumailov et al. over 1000 repeats', () => {
    for (const [n, mean] of [
      [10, 0.92062],
      [30, 0.98313],
      [100, 0.9916],
      [500, 0.99778],
    ] as const) {
      expect(Math.abs(law('standard-deviation', unit, n, { kind: 'replace' }).expectations(0)[0] - mean)).toBeLessThan(
        (3 * 0.7) / Math.sqrt(1000 * n) + 1e-3,
      );
    }
  });

  test('accumulate-subsample agrees with an independent simulation of 2000 seeds', () => {
    const v = law('variance', unit, 10, { kind: 'accumulate-subsample' }).expectations(99);
    const a = law('squared-error', unit, 10, { kind: 'accumulate-subsample' }).expectations(99);
    const simulated = [
      [2, 0.837, 0.173],
      [10, 0.779, 0.239],
      [50, 0.746, 0.248],
      [100, 0.742, 0.263],
    ];
    for (const [t, variance, error] of simulated) {
      expect(Math.abs(v[t - 1] - variance)).toBeLessThan(0.03);
      expect(Math.abs(a[t - 1] - error)).toBeLessThan(0.03);
    }
  });
});
