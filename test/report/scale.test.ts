import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { integerTicks, linearScale, logScale, logTicks, niceDomain, niceTicks, tickLabel } from '../../report/svg/scale.js';

describe('scales', () => {
  test('linear and logarithmic', () => {
    const linear = linearScale([0, 10], [100, 0]);
    expect([0, 2.5, 10].map(linear)).toEqual([100, 75, 0]);
    const log = logScale([1, 1000], [0, 300]);
    expect([1, 10, 1000].map((v) => Math.round(log(v)))).toEqual([0, 100, 300]);
    expect(linearScale([3, 3], [0, 10])(3)).toBe(5);
  });

  test('ticks are the round numbers', () => {
    expect(niceTicks(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(niceTicks(0.03, 0.14, 5)).toEqual([0.04, 0.06, 0.08, 0.1, 0.12, 0.14]);
    expect(niceTicks(-1, 1, 4)).toEqual([-1, -0.5, 0, 0.5, 1]);
    expect(integerTicks(0, 5, 10)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(integerTicks(0, 100, 10)).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
    expect(logTicks(50, 700, 6)).toEqual([50, 100, 200, 500]);
    expect(logTicks(1, 1e4, 5)).toEqual([1, 10, 100, 1000, 10000]);
    expect(logTicks(1e-3, 0.2, 6)).toEqual([0.001, 0.003, 0.01, 0.03, 0.1]);
    expect([0.1, 1e6, -2, 1e-5].map(tickLabel)).toEqual(['0.1', '1e6', '−2', '1e−5']);
  });

  test('any domain gets evenly spaced ticks inside it, and widens to ticks around it', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
        (low, span) => {
          const high = low + span;
          const ticks = niceTicks(low, high, 5);
          expect(ticks.length).toBeGreaterThanOrEqual(2);
          expect(ticks.length).toBeLessThanOrEqual(10);
          const step = ticks[1] - ticks[0];
          ticks.forEach((tick, i) => expect(Math.abs(tick - ticks[0] - i * step)).toBeLessThan(step * 1e-3));
          const [from, to] = niceDomain(low, high, 5);
          expect(from).toBeLessThanOrEqual(low + span * 1e-6);
          expect(to).toBeGreaterThanOrEqual(high - span * 1e-6);
        },
      ),
    );
  });
});
