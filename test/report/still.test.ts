import { describe, expect, test } from '@jest/globals';
import { MARGIN, stillness } from '../../report/still.js';
import { summarise } from '../../report/summary.js';
import { rowsOfSeeds, scoresOf, type ValuesBySeed } from './scores-of.js';

function still(of: ValuesBySeed) {
  const summary = summarise({ scores: scoresOf(rowsOfSeeds(of)) });
  return stillness(summary, summary.measures[0]);
}

describe('a measure is still', () => {
  test('where all intervals of differences are narrow: how little it moved, as a share of its largest mean', () => {
    const found = still({ a: [[100, 101], [101, 100], [100, 100.5]], b: [[100, 100], [101, 101.5], [100, 99]] }); // prettier-ignore
    // means: a 100.333, 100.5; b 100.333, 100.1667
    expect(found!.moved).toBeCloseTo((100.5 - 100.16666666666667) / 100.5, 12);
    // t.interval(.95, 2) of a - b at generation 1, [1, -1.5, 1.5]: mean .33333, standard error .92796, t 4.30265
    expect(found!.within).toBeCloseTo((0.3333333333333333 + 4.302652729911275 * 0.9279607271383369) / 100.5, 9);
    expect(found!.tests).toBe(3);
  });

  test('not where it may move: few seeds whose differences vary show nothing', () => {
    expect(still({ a: [[100, 110], [100, 90], [100, 101]] })).toBeUndefined(); // prettier-ignore
  });

  test('not where it moves a little and surely, and not where it moves and comes back', () => {
    const little = [0.1, 0.11, 0.105, 0.102, 0.108].map((by) => [100, 100 + by]);
    expect(still({ a: little })).toBeUndefined();
    expect(still({ a: [[100, 107, 100.1], [100, 107, 99.9], [100, 107.1, 100]] })).toBeUndefined(); // prettier-ignore
  });

  test('not where two conditions differ, though neither moves', () => {
    expect(still({ a: [[100, 100], [101, 101]], b: [[110, 110], [111, 111]] })).toBeUndefined(); // prettier-ignore
  });

  test('of one seed only where it is the same everywhere', () => {
    expect(still({ a: [[100, 100.01]] })).toBeUndefined();
    expect(still({ a: [[100, 100]], b: [[100, 100]] })).toEqual({ moved: 0, tests: 0 });
    expect(still({ a: [[0, 0], [0, 0]] })).toEqual({ moved: 0, tests: 0 }); // prettier-ignore
    // a single number has not moved and has not stayed
    expect(still({ a: [[1]] })).toBeUndefined();
  });

  test('signed measures are judged by their largest size', () => {
    const around = (mean: number) => [[-mean, -mean * 1.001], [-mean, -mean * 0.999], [-mean * 1.01, -mean * 1.01]]; // prettier-ignore
    expect(still({ a: around(5) })!.within).toBeLessThan(MARGIN);
    expect(still({ a: [[0.01, 0.028], [0.012, 0.03], [0.008, 0.025]] })).toBeUndefined(); // prettier-ignore
  });
});
