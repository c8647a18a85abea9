import { describe, expect, test } from '@jest/globals';
import { familyNamed } from '../../../kinds/chains/host/index.js';
import { checkLaw } from '../../../kinds/chains/laws/check.js';
import { lawsOf } from '../../../kinds/chains/laws/index.js';
import type { Law } from '../../../kinds/chains/laws/types.js';
import type { MixtureRule, SamplePlan } from '../../../spec/mixture.js';
import type { WorldPlan } from '../../../kinds/chains/plan.js';
import { CONFIDENCE, byLaw, simulate } from './support.js';

const blob: WorldPlan = {
  family: 'gmm',
  truth: [
    { weight: 0.4, mean: [-1, 0], sigma: 1 },
    { weight: 0.6, mean: [2, 1], sigma: 0.5 },
  ],
  components: 2,
  tolerance: 1e-3,
  maxIterations: 50,
  regularization: 0.01,
};

const cases: [string, WorldPlan, SamplePlan, MixtureRule, number, number][] = [
  [
    'discrete, uniform, replace',
    { family: 'discrete', states: 20, zipf: 0 },
    { size: 20, growth: 0 },
    { kind: 'replace' },
    800,
    20,
  ],
  [
    'discrete, Zipf, accumulate',
    { family: 'discrete', states: 20, zipf: 1.1 },
    { size: 8, growth: 0 },
    { kind: 'accumulate' },
    1500,
    15,
  ],
  [
    'discrete, growing, subsample',
    { family: 'discrete', states: 5, zipf: 0.5 },
    { size: 6, growth: 0 },
    { kind: 'accumulate-subsample' },
    1500,
    12,
  ],
  [
    'discrete, weights',
    { family: 'discrete', states: 6, zipf: 1 },
    { size: 10, growth: 0.5 },
    { kind: 'weights', alpha: 0.4, beta: 0.4, gamma: 0.2 },
    1500,
    10,
  ],
  [
    'regression, replace',
    { family: 'regression', dimensions: 4, noise: 0.7 },
    { size: 20, growth: 0 },
    { kind: 'replace' },
    800,
    8,
  ],
  [
    'regression, accumulate',
    { family: 'regression', dimensions: 4, noise: 2 },
    { size: 20, growth: 0 },
    { kind: 'accumulate' },
    800,
    8,
  ],
  ['GMM, replace', blob, { size: 12, growth: 0 }, { kind: 'replace' }, 600, 6],
  ['GMM, fixed-real', blob, { size: 20, growth: 0 }, { kind: 'fixed-real' }, 250, 4],
  [
    'KDE of moons, replace',
    { family: 'kde', shape: 'moons', bandwidth: 0.3, test: 2 },
    { size: 15, growth: 0 },
    { kind: 'replace' },
    800,
    10,
  ],
  [
    'KDE of circles, accumulate',
    { family: 'kde', shape: 'circles', bandwidth: 'scott', test: 2 },
    { size: 15, growth: 0 },
    { kind: 'accumulate' },
    800,
    8,
  ],
  [
    'KDE of blobs, keep-share',
    { family: 'kde', shape: 'blobs', bandwidth: 0.5, test: 2 },
    { size: 15, growth: 0 },
    { kind: 'keep-share', share: 0.4 },
    800,
    8,
  ],
];

describe('exact laws of the other worlds', () => {
  test.each(cases)('%s', (_, world, sample, mixture, seeds, generations) => {
    const family = familyNamed(world.family);
    const values = simulate(world, sample, mixture, seeds, generations);
    const laws = lawsOf(world, sample, mixture);
    expect(laws.length).toBeGreaterThan(0);
    for (const law of laws)
      expect({ law: law.name, ...checkLaw(law, byLaw(values, law, family), CONFIDENCE) }).toMatchObject({ verdict: 'pass' });
    // the same data against a law that is one generation late
    const late = (law: Law): Law => ({ ...law, expectations: (last) => law.expectations(last + 1).slice(1) });
    const [strongest] = laws;
    if (mixture.kind === 'replace')
      expect(checkLaw(late(strongest), byLaw(values, strongest, family), CONFIDENCE).verdict).toBe('fail');
  });

  test('uniform K = M = 100: entropy and alive share as an independent simulation of 100 seeds found them', () => {
    const values = simulate({ family: 'discrete', states: 100, zipf: 0 }, { size: 100, growth: 0 }, { kind: 'replace' }, 60, 49);
    const mean = (t: number, m: number) => values[t - 1][m].reduce((a, b) => a + b, 0) / 60;
    for (const [t, entropy, alive] of [
      [1, 4.042, 0.637],
      [5, 3.058, 0.273],
      [10, 2.487, 0.16],
      [20, 1.883, 0.091],
      [50, 1.078, 0.04],
    ]) {
      expect(Math.abs(mean(t, 1) - entropy)).toBeLessThan(0.12);
      expect(Math.abs(mean(t, 2) - alive)).toBeLessThan(0.015);
    }
  });
});
