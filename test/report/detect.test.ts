import { expect, test } from '@jest/globals';
import { CounterRng } from '../../common/philox.js';
import { detectableOf, renderSeedsNeeded, seedsNeeded } from '../../report/detect.js';
import type { Results } from '../../report/rows.js';
import { rowsOfSeeds, scoresOf, type ValuesBySeed } from './scores-of.js';

/** Values of one condition by seed and generation. */
function resultsOf(of: ValuesBySeed): Results {
  return { scores: scoresOf(rowsOfSeeds(of)), plan: { conditions: [], population: [] } } as unknown as Results;
}

/** Five seeds whose log ratios have standard deviation s. */
const spreadOf = (s: number) => [-1, -1, 0, 1, 1].map((z) => [10, 12 * Math.exp(s * z)]);

test('seeds for an effect: those of statsmodels, for the spread that was seen and for the ends of its interval', () => {
  const [found] = seedsNeeded(resultsOf({ a: spreadOf(0.1) }), detectableOf('5%'), 0.8, undefined);
  // TTestPower().solve_power(log(1.05)/.1, alpha=.05, power=.8) = 34.9; of .1 × .59913 and × 2.87356: 13.9 and 274.2
  expect(found.test.effect.spread).toBeCloseTo(0.1, 12);
  expect(found).toMatchObject({ seeds: 35, interval: [14, 275] });
  expect(found.together).toBeUndefined();
});

test('several tests: each at its share of the level too', () => {
  const all = seedsNeeded(resultsOf({ a: spreadOf(0.1), b: spreadOf(0.02) }), detectableOf('5%'), 0.9, undefined);
  expect(all.map(({ test }) => test.label)).toEqual(['a / b', 'a, generation 1 / 0', 'b, generation 1 / 0']);
  for (const { seeds, together } of all) expect(together!).toBeGreaterThan(seeds!);
  const text = renderSeedsNeeded(all, detectableOf('5%'), 0.9, 'plan 0123 of e in /s', 200);
  expect(text).toMatch(/\na, generation 1 \/ 0 +11 % +5 seeds +\d+ +\d+ and \d+ +\d+\n/);
  expect(text).toContain('The spread over seeds is that of plan 0123 of e in /s.');
});

test('what has no spread or no such size says why', () => {
  expect(seedsNeeded(resultsOf({ a: [[1, 2]] }), detectableOf('5%'), 0.8, undefined)[0].why).toBe('one seed has no spread');
  expect(seedsNeeded(resultsOf({ a: [[1, 2], [1, 2]] }), detectableOf('5%'), 0.8, undefined)[0].why).toBe('the same in all seeds'); // prettier-ignore
  expect(seedsNeeded(resultsOf({ a: [[-1, 2], [1, 3]] }), detectableOf('5%'), 0.8, undefined)[0].why).toMatch(/give a difference$/); // prettier-ignore
  expect(seedsNeeded(resultsOf({ a: [[1, 2], [1, 3]] }), detectableOf('0.1'), 0.8, undefined)[0].why).toMatch(/give a percentage$/); // prettier-ignore
  for (const text of ['0', '-1%', 'x', '5 percent', '%']) expect(() => detectableOf(text)).toThrow(/is no size/);
});

test('the seeds that are named do find the effect as often as announced', () => {
  const rng = new CounterRng({ seed: 1, generation: 0, member: '', step: 'detect' });
  const [{ seeds }] = seedsNeeded(resultsOf({ a: spreadOf(0.1) }), detectableOf('10%'), 0.8, undefined);
  let found = 0;
  const trials = 1000;
  for (let trial = 0; trial < trials; trial++) {
    const values = Array.from({ length: seeds! }, (_, s) => Math.log(1.1) + 0.1 * rng.normal(s, trial));
    const mean = values.reduce((a, b) => a + b, 0) / seeds!;
    const sd = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (seeds! - 1));
    // t.ppf(.975, 10)
    if ((Math.abs(mean) / sd) * Math.sqrt(seeds!) > 2.2281388519649385) found++;
  }
  expect(seeds).toBe(11);
  // statsmodels: TTestPower().power(log(1.1)/.1, 11, .05)
  expect(Math.abs(found / trials - 0.81252)).toBeLessThan(0.04);
});
