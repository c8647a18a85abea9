/** Which way a metric goes as a model collapses. */
import { expect, test } from '@jest/globals';
import { evaluations } from '../../evaluations/index.js';
import { CANDIDATES, measureFor, ROLES, type Used } from '../../report/collapse-measures.js';
import { summarise } from '../../report/summary.js';
import { rowsOfSeeds, scoresOf } from './scores-of.js';

test('metrics that say themselves which way is better are read so', () => {
  const stated = ROLES.flatMap((role) =>
    CANDIDATES[role].flatMap(([metric, worse]) => {
      const better = evaluations.find(({ name }) => name === metric)?.higherIsBetter;
      return better === undefined ? [] : [[metric, worse, better ? 'down' : 'up']];
    }),
  );
  expect(stated.length).toBeGreaterThan(4);
  for (const [metric, worse, expected] of stated) expect([metric, worse]).toEqual([metric, expected]);
});

test('a metric that is asked for goes the way that it says, and an unknown one the way of its role', () => {
  const worse = (metric: string, used: Used) => {
    const summary = summarise({ scores: scoresOf(rowsOfSeeds({ replace: [[1, 2]] }, metric, 'v')) });
    const found = measureFor(summary, undefined, used.risk === undefined ? 'tail' : 'risk', summary.series[0], used);
    return typeof found === 'string' ? found : found.worse;
  };
  expect(worse('mauve', { risk: 'mauve' })).toBe('down'); // more is better
  expect(worse('rep', { tail: 'rep/v' })).toBe('up'); // less is better
  expect([worse('unheard-of', { risk: 'unheard-of' }), worse('unheard-of', { tail: 'unheard-of' })]).toEqual(['up', 'down']);
  expect(worse('rep', { tail: 'coverage' })).toBe('there is no coverage');
});
