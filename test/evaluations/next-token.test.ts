import { expect, test } from '@jest/globals';
import { nextToken } from '../../evaluations/next-token.js';

test('means over the tokens of all records, each counted as often as it has tokens', () => {
  const table = (columns: Record<string, number[]>) => ({ records: {}, tables: { 'prediction/test/self': { columns } } });
  const rows = nextToken.compute(
    table({ gini_sum: [1.8, 5.4], certain_count: [0, 3], entropy_sum: [4, 2], hit_count: [1, 5], token_count: [2, 6] }),
    {},
  );
  expect(rows.map(({ variant, value, n }) => [variant, value, n])).toEqual([
    ['real-test/gini-of-100', expect.closeTo(0.9, 12), 8],
    ['real-test/gini-of-100/certain', 3 / 8, 8],
    ['real-test/gini-of-100/entropy', 6 / 8, 8],
    ['real-test/gini-of-100/accuracy', 6 / 8, 8],
  ]);
  expect(nextToken.compute(table({ gini_sum: [], certain_count: [], entropy_sum: [], hit_count: [], token_count: [] }), {})).toEqual([]); // prettier-ignore
});
