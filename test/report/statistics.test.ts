import { describe, expect, test } from '@jest/globals';
import { estimate, tQuantile95 } from '../../report/statistics.js';

describe('intervals over seeds', () => {
  // scipy 1.17.1: stats.t.ppf(.975, df); two degrees have a closed form
  test.each([
    [1, 12.706204736174694],
    [2, 0.95 * Math.sqrt(2 / (1 - 0.95 ** 2))],
    [9, 2.262157162798205],
    [120, 1.9799304050824402],
  ])('t quantile at %d degrees of freedom', (df, expected) => {
    expect(tQuantile95(df) / expected).toBeCloseTo(1, 11);
  });

  test('a sample’s interval is the one of scipy.stats.ttest_1samp', () => {
    const sample = [8.621, 10.858, 8.829, 7.362, 12.318, 8.724, 13.208, 8.872, 6.055, 10.85, 10.707, 9.348];
    const { mean, halfWidth, n } = estimate(sample);
    expect(mean - halfWidth!).toBeCloseTo(8.357483090920667, 10);
    expect(mean + halfWidth!).toBeCloseTo(10.934516909079331, 10);
    expect(n).toBe(12);
  });

  test('one value has no interval', () => {
    expect(estimate([3])).toEqual({ mean: 3, n: 1 });
  });
});
