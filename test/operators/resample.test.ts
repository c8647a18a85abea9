/** Drayson et al. (arXiv:2502.15654): how often a text is drawn, against the exact probabilities of drawing without replacement. */
import { describe, expect, test } from '@jest/globals';
import { resample } from '../../operators/resample.js';
import type { Verdict } from '../../operators/types.js';
import { chiSquareUpper } from '../../statistics/distributions.js';
import { drawsOf } from '../support/draws.js';

const count = (verdict: Verdict): number =>
  verdict === 'remove' ? 0 : verdict === 'keep' ? 1 : (verdict as { times: number }).times;

function times(readings: readonly number[], settings: object, seed: number): number[] {
  const verdicts = resample.apply(
    readings.map(() => ({ text: '', tokens: [] })),
    resample.settings.parse(settings),
    { 'detection/first': { columns: { p_written: readings } } },
    drawsOf(seed),
  );
  return verdicts.map(count);
}

/** The probability of each way to draw `size` of weighted balls one after the other, as counts a text. */
function ways(weights: readonly number[], left: readonly number[], size: number): Map<string, number> {
  const found = new Map<string, number>();
  const walk = (rest: readonly number[], drawn: readonly number[], p: number): void => {
    if (drawn.reduce((sum, n) => sum + n, 0) === size) {
      found.set(drawn.join(), (found.get(drawn.join()) ?? 0) + p);
      return;
    }
    const total = rest.reduce((sum, n, i) => sum + n * weights[i], 0);
    rest.forEach((n, i) => {
      if (n === 0) return;
      const one = (counts: readonly number[], by: number) => counts.map((m, k) => (k === i ? m + by : m));
      walk(one(rest, -1), one(drawn, 1), (p * n * weights[i]) / total);
    });
  };
  walk(left, weights.map(() => 0), 1); // prettier-ignore
  return found;
}

describe('resample', () => {
  test('of three texts, each there twice, four are drawn as the urn does it', () => {
    const readings = [0.1, 0.4, 0.6];
    const exact = ways(readings.map((p) => (1 - p) ** 2), [2, 2, 2], 4); // prettier-ignore
    expect([...exact.values()].reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12);
    const n = 4000;
    const seen = new Map<string, number>();
    for (let seed = 0; seed < n; seed++) {
      const drawn = times(readings, { power: 2, size: 4 / 3, maxRepeats: 2 }, seed).join();
      seen.set(drawn, (seen.get(drawn) ?? 0) + 1);
    }
    expect([...seen.keys()].every((way) => exact.has(way))).toBe(true);
    let statistic = 0;
    for (const [way, p] of exact) statistic += ((seen.get(way) ?? 0) - n * p) ** 2 / (n * p);
    expect(chiSquareUpper(statistic, exact.size - 1)).toBeGreaterThan(0.05);
  });

  test('the usual settings: half as many more, none more than three times, and those that look human', () => {
    const readings = Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? 0.2 : 0.9));
    const drawn = times(readings, {}, 1);
    expect(drawn.reduce((sum, n) => sum + n, 0)).toBe(300);
    expect(Math.max(...drawn)).toBe(3);
    // (0.8 / 0.1)^10 is so much that those of 0.2 are all taken first
    expect(drawn.filter((n, i) => i % 2 === 0 && n < 3)).toEqual([]);
  });

  test('what weighs nothing is never drawn, and tiny weights still differ', () => {
    expect(times([1, NaN, 2, 0.5], { size: 1.5 }, 2)).toEqual([0, 0, 0, 3]);
    expect(times([1 - 1e-12, 1 - 1e-15, 1], { size: 1, power: 1000, maxRepeats: 3 }, 3)).toEqual([3, 0, 0]);
    expect(times([0.5, 1, NaN], { size: 1, power: 0, maxRepeats: 1 }, 4)).toEqual([1, 1, 1]);
    expect(resample.settings.safeParse({ size: 2, maxRepeats: 1 }).error?.issues[0].message).toMatch(/maxRepeats allows/);
  });
});
