import { describe, expect, test } from '@jest/globals';
import { CounterRng } from '../../common/philox.js';
import { checkLaw } from '../../laws/check.js';
import { digamma, logGamma } from '../../laws/special.js';
import type { Law } from '../../laws/types.js';

const law = (expected: number, relation: Law['relation'] = 'equal'): Law => ({
  name: 'l',
  metric: 'm',
  variant: 'v',
  relation,
  statement: '',
  expectations: (last) => new Array<number>(last + 1).fill(expected),
});

/** Four generations of n skewed values: exp(0.5 z), of mean exp(0.125) and skewness 1.75. */
function skewed(n: number, repetition: number): Map<number, number[]> {
  return new Map(
    [0, 1, 2, 3].map((t) => {
      const rng = new CounterRng({ seed: repetition, generation: t, member: 'test', step: 'law' });
      return [t, Array.from({ length: n }, (_, i) => Math.exp(0.5 * rng.normal(i)))];
    }),
  );
}

describe('the check of a law', () => {
  test('rejects a true law of skewed values about as often as it says, and a law that is 5 % off always', () => {
    const verdicts = (expected: number, n: number, repetitions = 300) =>
      Array.from({ length: repetitions }, (_, r) => checkLaw(law(expected), skewed(n, r), 0.95).verdict);
    const share = (list: string[]) => list.filter((v) => v === 'fail').length / list.length;
    const rejected = share(verdicts(Math.exp(0.125), 150));
    expect(rejected).toBeLessThan(0.09);
    expect(rejected).toBeGreaterThan(0.015);
    expect(share(verdicts(1.05 * Math.exp(0.125), 2000, 40))).toBe(1);
  });

  test('a bound is broken from one side only', () => {
    const values = skewed(400, 1);
    expect(checkLaw(law(0.9, 'at-least'), values).verdict).toBe('pass');
    expect(checkLaw(law(1.4, 'at-least'), values).verdict).toBe('fail');
    expect(checkLaw(law(0.9), values).verdict).toBe('fail');
  });

  test('says that it cannot tell where seeds are few or a few of them decide', () => {
    expect(checkLaw(law(1), new Map([[0, [1, 2, 1]]])).verdict).toBe('undecided');
    const rare = new Map([[0, Array.from({ length: 100 }, (_, i) => (i === 50 ? 1000 : 0.01))]]);
    const check = checkLaw(law(50), rare);
    expect(check).toMatchObject({ verdict: 'undecided', tooSkewed: [0] });
    expect(check.sentence).toBe('not testable: 100 seeds are too few for so skewed values');
  });

  test('values without any spread hold only their own law', () => {
    const same = new Map([[0, new Array<number>(50).fill(0.25)]]);
    expect(checkLaw(law(0.25), same).verdict).toBe('pass');
    expect(checkLaw(law(0.2501), same).verdict).toBe('fail');
  });

  test('says the numbers', () => {
    expect(checkLaw(law(2), skewed(400, 1)).sentence).toMatch(
      /^outside the 99 % interval at 4 of 4 generations, first generation 0: 1\.\d+ in \[1\.0\d*, 1\.2\d*\], the law says 2\.000$/,
    );
  });
});

test('special functions against their known values', () => {
  expect(digamma(1)).toBeCloseTo(-0.5772156649015329, 13);
  expect(digamma(0.5)).toBeCloseTo(-1.9635100260214235, 13);
  expect(digamma(49.5)).toBeCloseTo(3.891837650726372, 10);
  expect(logGamma(0.5)).toBeCloseTo(0.5 * Math.log(Math.PI), 13);
  expect(logGamma(10)).toBeCloseTo(Math.log(362880), 12);
  expect(logGamma(101)).toBeCloseTo(363.73937555556347, 9);
});
