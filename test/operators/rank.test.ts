import { describe, expect, test } from '@jest/globals';
import { CounterRng } from '../../common/philox.js';
import { rank } from '../../operators/rank.js';
import { noDraw } from '../support/draws.js';
import type { Text } from '../../operators/types.js';

const texts = (count: number): Text[] => Array.from({ length: count }, (_, i) => ({ text: `${i}`, tokens: [i] }));
const kept = (columns: Readonly<Record<string, readonly number[]>>, settings: object): number[] => {
  const count = Object.values(columns)[0].length;
  const verdicts = rank.apply(
    texts(count),
    rank.settings.parse({ column: 'nll_sum', ...settings }),
    {
      'likelihood/first': { columns },
    },
    noDraw,
  );
  return verdicts.flatMap((verdict, i) => (verdict === 'keep' ? [i] : []));
};

test('a detector that is given is read by its own table', () => {
  const settings = rank.settings.parse({ observation: 'detection', column: 'p_written', share: 0.5, keep: 'lowest', detector: 'file:/d', label: 'ai' }); // prettier-ignore
  const tables = {
    'detection/given': { columns: { p_written: [0.9, 0.1, 0.2, 0.8] } },
    'detection/first': { columns: { p_written: [0, 1, 1, 0] } },
  };
  expect(rank.apply(texts(4), settings, tables, noDraw)).toEqual(['remove', 'keep', 'keep', 'remove']);
});

describe('rank', () => {
  test('the highest stay, or the lowest; of equal ones the first; what has no reading goes first', () => {
    const columns = { nll_sum: [5, 1, 9, 5, NaN, 7], token_count: [1, 1, 9, 1, 1, 1] };
    expect(kept(columns, { share: 0.5 })).toEqual([0, 2, 5]);
    expect(kept(columns, { share: 0.5, keep: 'lowest' })).toEqual([0, 1, 3]);
    expect(kept(columns, { share: 0.5, per: 'token_count' })).toEqual([0, 3, 5]);
    expect(kept(columns, { share: 0.99 })).toHaveLength(6);
    expect(kept(columns, { share: 0.01 })).toEqual([2]);
    expect(kept({ nll_sum: [NaN, NaN, NaN] }, { share: 0.7 })).toEqual([0, 1]);
  });

  test('of independent uniform readings the mean of those that stay is what order statistics say', () => {
    const rng = new CounterRng({ seed: 3, generation: 0, member: 'm', step: 'rank' });
    const [n, share] = [200, 0.3];
    const means = Array.from({ length: 400 }, (_, run) => {
      const nll_sum = Array.from({ length: n }, (_, i) => rng.uniform(run, i));
      const stay = kept({ nll_sum }, { share });
      return stay.reduce((sum, i) => sum + nll_sum[i], 0) / stay.length;
    });
    const mean = means.reduce((sum, x) => sum + x, 0) / means.length;
    const sd = Math.sqrt(means.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (means.length - 1));
    // the k highest of n have ranks n - k + 1 … n, whose means are rank / (n + 1)
    const k = share * n;
    expect(Math.abs(mean - (n - (k - 1) / 2) / (n + 1))).toBeLessThan((3.5 * sd) / Math.sqrt(means.length));
  });

  test('a column that the observation has not is refused, and so is a share of nothing or all', () => {
    expect(rank.settings.safeParse({ column: 'entropy_sum', share: 0.5 }).error?.issues[0].message).toBe(
      'likelihood has no entropy_sum',
    );
    for (const share of [0, 1, undefined]) expect(rank.settings.safeParse({ column: 'nll_sum', share }).success).toBe(false);
  });
});
