/** What a verifier passes: shares and moments that its papers state, and where a loop of learning from it ends. */
import { describe, expect, test } from '@jest/globals';
import type { Text } from '../../operators/types.js';
import { verify } from '../../operators/verify.js';
import { chiSquareUpper } from '../../statistics/distributions.js';
import { drawsOf, normals } from '../support/draws.js';

const NO_TEXT: Text = { text: '', tokens: [] };

function kept(readings: readonly number[], settings: object, seed: number): number[] {
  const verdicts = verify.apply(
    readings.map(() => NO_TEXT),
    verify.settings.parse({ column: 'nll_sum', ...settings }),
    { 'likelihood/first': { columns: { nll_sum: readings } } },
    drawsOf(seed),
  );
  return readings.filter((_, i) => verdicts[i] === 'keep');
}
const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;
const variance = (values: readonly number[]): number => {
  const m = mean(values);
  return mean(values.map((x) => (x - m) ** 2));
};

describe('verify', () => {
  test('by limits without errors as threshold; with errors the shares that they state, within 95 %', () => {
    const n = 4000;
    const readings = Array.from({ length: n }, (_, i) => i % 4);
    expect(new Set(kept(readings, { min: 1, max: 2 }, 1))).toEqual(new Set([1, 2]));
    expect(kept(readings, { min: 1, max: 2 }, 1)).toHaveLength(n / 2);
    const left = kept(readings, { max: 2, errors: { lost: 0.2, passed: 0.05 } }, 2);
    const bad = left.filter((x) => x === 3).length;
    const [goods, bads] = [(3 * n) / 4, n / 4];
    expect(Math.abs(bad / bads - 0.05)).toBeLessThan(1.96 * Math.sqrt((0.05 * 0.95) / bads));
    expect(Math.abs((left.length - bad) / goods - 0.8)).toBeLessThan(1.96 * Math.sqrt((0.8 * 0.2) / goods));
    // Feng et al.: the share of good ones among what is passed, p (1 - lost) / (p (1 - lost) + (1 - p) passed)
    const purity = (0.75 * 0.8) / (0.75 * 0.8 + 0.25 * 0.05);
    const found = (left.length - bad) / left.length;
    expect(Math.abs(found - purity)).toBeLessThan(1.96 * Math.sqrt((purity * (1 - purity)) / left.length));
  });

  test('logistic: each reading is kept with its probability, within 95 %', () => {
    const readings = Array.from({ length: 6000 }, (_, i) => (i % 3) - 1);
    const left = kept(readings, { logistic: { centre: 0.5, slope: 2 } }, 3);
    for (const x of [-1, 0, 1]) {
      const p = 1 / (1 + Math.exp(-2 * (x - 0.5)));
      expect(Math.abs(left.filter((value) => value === x).length / 2000 - p)).toBeLessThan(
        1.96 * Math.sqrt((p * (1 - p)) / 2000),
      );
    }
  });

  test('near: a Gaussian loop follows its exact recursion to the verifier’s centre, which one without a verifier has no way of knowing', () => {
    const [n, centre, width, steps] = [3000, 2, 1.5, 12];
    const statistic = { mean: 0, variance: 0 };
    let [m, v] = [0, 1];
    let alone = 0;
    for (let t = 0; t < steps; t++) {
      const normal = normals(1000 + t);
      const noise = Array.from({ length: n }, (_, i) => normal(i));
      const left = kept(noise.map((z) => m + Math.sqrt(v) * z), { near: { centre, width } }, 2000 + t); // prettier-ignore
      const expected = 1 / (1 / v + 1 / width ** 2);
      statistic.mean += ((mean(left) - expected * (m / v + centre / width ** 2)) ** 2 * left.length) / expected;
      statistic.variance += ((variance(left) / expected - 1) ** 2 * left.length) / 2;
      [m, v] = [mean(left), variance(left)];
      alone += mean(noise);
    }
    expect(chiSquareUpper(statistic.mean, steps)).toBeGreaterThan(0.05);
    expect(chiSquareUpper(statistic.variance, steps)).toBeGreaterThan(0.05);
    // precisions add up: 1/v = 1/v0 + t/width²
    expect(v).toBeCloseTo(1 / (1 + steps / width ** 2), 1);
    expect(Math.abs(m - (centre * steps) / (steps + width ** 2))).toBeLessThan(0.1);
    expect(Math.abs(alone)).toBeLessThan(1.96 * Math.sqrt(steps / n));
  });

  test('what has no reading goes; one way of keeping is said, and no more', () => {
    expect(kept([NaN, 1], { logistic: { centre: -100, slope: 10 } }, 1)).toEqual([1]);
    const problem = (settings: object) => verify.settings.safeParse({ column: 'nll_sum', ...settings }).error?.issues[0].message;
    expect(problem({})).toBe('needs one of: limits (min, max), logistic, near');
    expect(problem({ min: 1, near: { centre: 0, width: 1 } })).toBe('needs one of: limits (min, max), logistic, near');
    expect(problem({ near: { centre: 0, width: 1 }, errors: {} })).toBe('belong to min or max');
    expect(problem({ min: 2, max: 1 })).toMatch(/upper one not below/);
  });
});
