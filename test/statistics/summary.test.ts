import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { studentCdf, studentQuantile } from '../../statistics/distributions.js';
import { quantile, summarize } from '../../statistics/summary.js';

interface Golden {
  student_t: { df: number; t: number; cdf: number; 'ppf_.975': number }[];
  one_sample_A: { values: number[]; ci95: [number, number] };
  difference_X_Y: { values: number[]; mean: number; ci95: [number, number]; ci90: [number, number] };
  quantiles: { values: number[]; q: number[]; expected: number[] };
}
const golden = JSON.parse(readFileSync(new URL('../golden/metrics/statistics.json', import.meta.url), 'utf8')) as Golden;

describe("Student's t against scipy", () => {
  test.each(golden.student_t)('df $df, t $t', ({ df, t, cdf, 'ppf_.975': upper }) => {
    expect(Math.abs(studentCdf(t, df) / cdf - 1)).toBeLessThan(1e-12);
    expect(Math.abs(studentQuantile(0.975, df) / upper - 1)).toBeLessThan(1e-11);
    expect(studentQuantile(0.025, df)).toBeCloseTo(-upper, 9);
  });

  test('t intervals of means', () => {
    const a = summarize(golden.one_sample_A.values);
    expect(a.interval![0]).toBeCloseTo(golden.one_sample_A.ci95[0], 10);
    expect(a.interval![1]).toBeCloseTo(golden.one_sample_A.ci95[1], 10);
    const { values, mean, ci90 } = golden.difference_X_Y;
    const d = summarize(values, 0.9);
    expect(d.mean).toBeCloseTo(mean, 12);
    expect(d.interval![0]).toBeCloseTo(ci90[0], 10);
    expect(d.interval![1]).toBeCloseTo(ci90[1], 10);
  });

  test('one value has a mean and no interval; none is an error', () => {
    expect(summarize([3])).toEqual({ n: 1, mean: 3 });
    expect(() => summarize([])).toThrow(/internal/);
  });
});

test('quantiles as numpy', () => {
  const ascending = [...golden.quantiles.values].sort((a, b) => a - b);
  golden.quantiles.q.forEach((q, i) => expect(quantile(ascending, q)).toBeCloseTo(golden.quantiles.expected[i], 12));
});
