import { describe, expect, test } from '@jest/globals';
import { CounterRng } from '../../common/philox.js';
import { noncentralUpper, studentUpper } from '../../statistics/distributions.js';
import { detectable, fewest, pairedPower, spreadInterval, unpairedPower } from '../../statistics/power.js';
import { inflection } from '../../statistics/segments.js';
import { close, golden } from './support.js';

const g = golden('power');

describe('power', () => {
  test('the noncentral t is its integral at 25 digits', () => {
    expect(g.nct).toHaveLength(112);
    for (const { df, delta, t, sf } of g.nct) close(noncentralUpper(t, df, delta), sf, 1e-9, 1e-11);
    for (const df of [1, 3, 40]) close(noncentralUpper(1.3, df, 0), studentUpper(1.3, df), 1e-9);
    // a fraction of a degree of freedom has a kink at s = 0
    close(noncentralUpper(1.3, 2.5, 0), studentUpper(1.3, 2.5), 1e-6);
  });

  test('paired and unpaired tests have statsmodels’ power', () => {
    expect(g.paired.length).toBeGreaterThan(30);
    for (const { d, n, alpha, two, larger } of g.paired) {
      close(pairedPower(d, 1, n, { level: alpha }), two, 1e-6, 1e-8);
      close(pairedPower(d, 1, n, { level: alpha, sides: 1 }), larger, 1e-6, 1e-8);
    }
    for (const { d, n, two } of g.unpaired) close(unpairedPower(d, 1, n), two, 1e-6, 1e-8);
  });

  test('seeds for a power: statsmodels’ number, to the next whole seed', () => {
    for (const { d, power, n } of g.n_paired) expect(fewest((k) => pairedPower(d, 1, k), power)).toBe(Math.max(2, Math.ceil(n)));
    for (const { d, power, n } of g.n_unpaired)
      expect(fewest((k) => unpairedPower(d, 1, k), power)).toBe(Math.max(2, Math.ceil(n)));
    expect(fewest((k) => pairedPower(1e-5, 1, k), 0.8)).toBeUndefined();
  });

  test('what is detectable has that power; a wrong direction has less than the level', () => {
    for (const n of [2, 5, 30]) expect(pairedPower(detectable(n, 0.8), 1, n)).toBeCloseTo(0.8, 9);
    expect(pairedPower(-1, 1, 5, { sides: 1 })).toBeLessThan(0.001);
    expect(pairedPower(0, 1, 5)).toBeCloseTo(0.05, 8);
  });

  test('the interval of a standard deviation: chi-square with 4 degrees of freedom', () => {
    // sqrt(4 / 11.14329), sqrt(4 / 0.484419)
    spreadInterval(1, 4).forEach((end, i) => expect(end).toBeCloseTo([0.599134, 2.873557][i], 5));
  });
});

describe('inflection', () => {
  const rng = new CounterRng({ seed: 3, generation: 0, member: '', step: 'test' });
  const x = Array.from({ length: 9 }, (_, i) => i);
  const rows = (n: number, mean: (t: number) => number, noise: number, lane = 0) =>
    Array.from({ length: n }, (_, r) => x.map((t) => mean(t) + noise * rng.normal(r * 100 + t, lane)));

  test('finds the turn, and says before and after', () => {
    const found = inflection(
      x,
      rows(8, (t) => 1 + Math.max(0, t - 4), 0.05),
      { exchange: 'rows' },
    );
    expect(found.at).toBe(4);
    expect(found.slopes[0]).toBeCloseTo(0, 1);
    expect(found.slopes[1]).toBeCloseTo(1, 1);
    expect(found.p).toBe(1 / 128);
    expect(found.floor).toBe(1 / 128);
  });

  test('few rows cannot reach a small p, and the floor says so', () => {
    const found = inflection(
      x,
      rows(3, (t) => Math.max(0, t - 4), 0.01),
      { exchange: 'rows' },
    );
    expect(found.p).toBe(0.25);
    expect(found.floor).toBe(0.25);
    expect(
      inflection(
        x,
        rows(3, (t) => Math.max(0, t - 4), 0.01),
        { exchange: 'columns' },
      ).p,
    ).toBeLessThan(0.001);
  });

  test('a straight line without noise has none', () => {
    expect(inflection(x, [x, x], { exchange: 'rows' }).p).toBe(1);
    expect(inflection(x, [x.map((t) => 3 - t / 7)], { exchange: 'columns' }).p).toBe(1);
  });

  test.each([
    ['rows', 'walks', 7],
    ['columns', 'unrelated', 3],
  ] as const)('of %s, %s: a true line turns in 5 % of the cases', (exchange, kind, n) => {
    let found = 0;
    const trials = 400;
    for (let trial = 0; trial < trials; trial++) {
      const noise = rows(n, () => 0, 1, trial + 1);
      if (kind === 'walks') for (const row of noise) for (let t = 1; t < row.length; t++) row[t] += row[t - 1];
      if (inflection(x, noise, { exchange, draws: 200, seed: trial }).p <= 0.05) found++;
    }
    // 99.9 % of a binomial of 400 and .05 lies below 35
    expect(found).toBeLessThanOrEqual(35);
    // and the test is not empty
    expect(found).toBeGreaterThanOrEqual(5);
  });
});
