import { describe, expect, test } from '@jest/globals';
import { CounterRng } from '../../common/philox.js';
import { drawBinomial } from '../../statistics/binomial.js';
import { chiSquareUpper } from '../../statistics/distributions.js';
import { logGamma } from '../../statistics/special.js';

const DRAWS = 20_000;

describe('binomial draws', () => {
  // inversion and rejection, each on both sides of 1/2, and a mass that is looked up beside one that is not
  test.each([
    [3, 0.4],
    [40, 0.02],
    [40, 0.97],
    [60, 0.3],
    [1000, 0.05],
    [1000, 0.8],
    [100_000, 0.0004],
    [3_000_000, 0.00002],
  ])('of %d trials at %d have the probabilities of the binomial law', (n, p) => {
    const rng = new CounterRng({ seed: 1, generation: 0, member: '', step: 'binomial-test' });
    let at = 0;
    const found = new Map<number, number>();
    for (let i = 0; i < DRAWS; i++) {
      const k = drawBinomial(n, p, () => rng.uniform(at++));
      found.set(k, (found.get(k) ?? 0) + 1);
    }
    for (const k of found.keys()) expect(Number.isInteger(k) && k >= 0 && k <= n).toBe(true);
    const mass = (k: number) =>
      Math.exp(logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1) + k * Math.log(p) + (n - k) * Math.log1p(-p));
    // Pearson's test over outcomes that are expected ten times or more, all others together
    let [statistic, cells, seen, expected] = [0, 0, 0, 0];
    const sd = Math.sqrt(n * p * (1 - p));
    for (let k = Math.max(0, Math.floor(n * p - 8 * sd)); k <= Math.min(n, Math.ceil(n * p + 8 * sd)); k++) {
      const e = DRAWS * mass(k);
      if (e < 10) continue;
      const o = found.get(k) ?? 0;
      statistic += (o - e) ** 2 / e;
      [cells, seen, expected] = [cells + 1, seen + o, expected + e];
    }
    const rest = DRAWS - expected;
    if (rest > 1) [statistic, cells] = [statistic + (DRAWS - seen - rest) ** 2 / rest, cells + 1];
    expect(cells).toBeGreaterThan(2);
    expect(chiSquareUpper(statistic, cells - 1)).toBeGreaterThan(1e-4);
  });

  test('nothing is drawn of nothing, and all of what is certain', () => {
    const never = (): number => {
      throw new Error('no draw is needed');
    };
    expect([drawBinomial(0, 0.5, never), drawBinomial(5, 0, never), drawBinomial(5, 1, never)]).toEqual([0, 0, 5]);
  });
});
