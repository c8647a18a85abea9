/** Against numpy: np.var(points, axis=0).mean(). */
import { expect, test } from '@jest/globals';
import { spread } from '../../evaluations/spread.js';
import { defaultsOf, type EvaluationInput } from '../../evaluations/types.js';

const of = (columns: Record<string, number[]>) => {
  const table = { records: [], columns: Object.fromEntries(Object.entries(columns).map(([k, v]) => [k, Float64Array.from(v)])) };
  const input = { records: {}, tables: { 'coordinates/generated/self': table } } as unknown as EvaluationInput;
  return spread.compute(input, defaultsOf(spread)).map(({ value, n }) => [value, n]);
};

test('is the mean of the coordinates’ variances', () => {
  // np.var([[1, 10], [2, 10], [4, 13]], axis=0).mean()
  const [[value, n]] = of({ x_0: [1, 2, 4], x_1: [10, 10, 13] });
  expect(value).toBeCloseTo(1.7777777777777777, 14);
  expect(n).toBe(3);
  expect(of({ x_0: [5], x_1: [5] })).toEqual([[0, 1]]);
  expect(of({ x_0: [], x_1: [] })).toEqual([]);
});
