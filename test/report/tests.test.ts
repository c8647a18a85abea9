import { describe, expect, test } from '@jest/globals';
import { conditionNumbers } from '../../report/condition-numbers.js';
import { summarise, type Summary } from '../../report/summary.js';
import { asFamily, changesOf, pairs, trendOver, trendsOf, verdictOf } from '../../report/tests.js';
import { renderTests } from '../../report/tests-table.js';
import { rowsOfSeeds, scoresOf, type ValuesBySeed } from './scores-of.js';

/** By condition: values by seed (1, 2, …) and generation. */
function summaryOf(of: ValuesBySeed): Summary {
  return summarise({ scores: scoresOf(rowsOfSeeds(of)) });
}

const SUMMARY = summaryOf({
  replace: [[10, 21, 40], [20, 45, 90], [10, 26, 50], [12, 22, 41], [15, 33, 70]], // prettier-ignore
  keep: [[10, 11, 10], [20, 22, 22], [10, 9.8, 9.5], [12, 12.5, 13.1], [15, 15, 16]], // prettier-ignore
});
const [MEASURE] = SUMMARY.measures;

describe('pairs of conditions and changes', () => {
  test('one that has generation 0 alone is compared with the last generation, and the label says so', () => {
    const summary = summaryOf({ untrained: [[90], [91], [95]], replace: [[10, 21, 40], [20, 45, 90], [10, 26, 50]] }); // prettier-ignore
    const series = summary.series.map((one) => (one.condition === 'untrained' ? { ...one, level: true as const } : one));
    const labels = (some: typeof series) => pairs(summary, MEASURE, some).map(({ label }) => label);
    expect(labels(series)).toEqual(['untrained, generation 0 / replace, generation 2']);
    expect(labels([...series].reverse())).toEqual(['replace, generation 2 / untrained, generation 0']);
  });

  const tests = asFamily([...pairs(SUMMARY, MEASURE, SUMMARY.series), ...changesOf(SUMMARY, MEASURE, SUMMARY.series)], 'holm');

  test('are paired t tests of log ratios (scipy: ttest_rel of logs), with signed ranks beside them', () => {
    const [first, ...changes] = tests;
    expect(first.label).toBe('replace / keep');
    // exp of the mean of log([4, 90/22, 50/9.5, 41/13.1, 70/16])
    expect(first.effect).toMatchObject({ kind: 'ratio', n: 5 });
    expect(first.effect.value).toBeCloseTo(4.1145597, 5);
    expect(first.effect.low).toBeCloseTo(3.2615209, 5);
    expect(first.effect.high).toBeCloseTo(5.1907077, 5);
    expect(first.p! / 7.180604441e-5).toBeCloseTo(1, 8);
    expect(first.ranks).toEqual({ name: 'Wilcoxon', p: 0.0625, floor: 0.0625 });
    expect(changes.map(({ label }) => label)).toEqual(['replace, generation 2 / 0', 'keep, generation 2 / 0']);
    expect(changes[1].p).toBeCloseTo(0.23590703056, 9);
  });

  test('are corrected together, and say what was seen and what could have been', () => {
    const raw = tests.map(({ p }) => p!);
    const [low, middle] = [...raw].sort((a, b) => a - b);
    expect(tests.find(({ p }) => p === low)!.corrected).toBeCloseTo(3 * low, 12);
    expect(tests.find(({ p }) => p === middle)!.corrected).toBeCloseTo(2 * middle, 12);
    expect(tests.map(verdictOf)).toEqual(['higher', 'higher', 'not told apart']);
    // statsmodels: exp of the sd times TTestPower().solve_power(nobs=5, alpha=0.05, power=0.8)
    expect(tests[0].effect.visible).toBeCloseTo(1.36989299, 6);
  });

  test('as a table', () => {
    const text = renderTests(tests, 'holm', 100);
    expect(text).toMatch(
      /^perplexity \(real-test\), generation 2\n +effect +95 % interval +p +Holm +Wilcoxon +seen at 80 % +seeds\n/,
    );
    expect(text).toMatch(/\nreplace \/ keep +4\.11 × +3\.26 to 5\.19 × +< \.0001 +\.0001 +\.063 +\+37\.0 % +5 {2}higher\n/);
    expect(text).toMatch(/\nkeep, generation 2 \/ 0 +\+4\.00 % .* not told apart\n/);
    expect(text).toContain('cannot fall below 0.0625');
  });

  test('one seed has an effect and makes no claim', () => {
    const one = summaryOf({ replace: [[10, 40]], keep: [[10, 11]] });
    const found = asFamily(pairs(one, one.measures[0], one.series), 'holm');
    expect(found).toHaveLength(1);
    expect(found[0].p).toBeUndefined();
    expect(found[0].corrected).toBeUndefined();
    expect(verdictOf(found[0])).toBe('one seed');
    expect(renderTests(found, 'holm', 200)).toContain('One seed: effects without interval or p');
  });

  test('equal in every seed is no difference', () => {
    const same = summaryOf({ a: [[1, 2], [1, 3], [2, 2]], b: [[1, 2], [1, 3], [2, 2]] }); // prettier-ignore
    const [found] = asFamily(pairs(same, same.measures[0], same.series), 'holm');
    expect(found).toMatchObject({ p: 1, corrected: 1, effect: { value: 1 } });
    expect(found.ranks).toBeUndefined();
  });
});

describe('trends', () => {
  test('over generations: the mean slope of the logarithms, its t test, and Page’s', () => {
    const [replace, keep] = trendsOf(MEASURE, SUMMARY.series, false);
    // half the log of last over first, for three generations
    expect(replace.effect.value).toBeCloseTo(Math.exp(Math.log((4 * 4.5 * 5 * (41 / 12) * (70 / 15)) ** (1 / 5)) / 2), 10);
    expect(replace.p).toBeLessThan(1e-4);
    // every row rises: twice 1 / 6^5
    expect(replace.ranks!.name).toBe('Page');
    expect(replace.ranks!.p).toBeCloseTo(2 / 6 ** 5, 12);
    expect(keep.p).toBeCloseTo(0.23590703056, 9);
  });

  test('over a setting, at the last generation that all have; seeds are the rows', () => {
    const summary = summaryOf({ b: [[1, 2], [1, 3]], a: [[1, 1], [1, 2]], c: [[1, 4], [1, 6]] }); // prettier-ignore
    const at = summary.series.map((series) => ({ series, x: 'abc'.indexOf(series.condition) }));
    const [found] = trendOver(summary, summary.measures[0], at, 'share', false);
    expect(found.label).toBe('over share from 0 to 2');
    expect(found.effect.value).toBeCloseTo(Math.exp((Math.log(4) + Math.log(3)) / 4), 12);
    expect(found.ranks!.p).toBeCloseTo(2 / 36, 12);
  });

  test('a turn is a test of its own', () => {
    const course = (noise: number) =>
      [0, 0, 0, 0, 1, 2, 3, 4].map((v, t) => Math.exp(v / 4 + noise * Math.sin(9 * t + 50 * noise)));
    const summary = summaryOf({ a: [0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07].map(course) });
    const [trend, turn] = asFamily(trendsOf(summary.measures[0], summary.series, true), 'bh');
    expect(trend.label).toBe('a over generations 0 to 7');
    expect(turn.label).toBe('a over generations 0 to 7 turns at generation 3');
    expect(turn.p).toBe(1 / 64);
    expect(verdictOf(turn)).toBe('turns up');
    expect(turn.effect.value).toBeCloseTo(Math.exp(0.25), 1);
  });

  test('one chain alone has Mann-Kendall’s p and no claim', () => {
    const one = summaryOf({ a: [[1, 2, 3, 4, 5]] });
    const [found] = trendsOf(one.measures[0], one.series, true);
    // the values of pymannkendall for five that rise
    expect(found.ranks!.p).toBeCloseTo(0.02748633611, 9);
    expect(found.p).toBeUndefined();
  });
});

describe('numbers of conditions', () => {
  const plan = { conditions: ['a', 'b', 'c', 'd'].map((name) => ({ name })) } as any;
  const document = {
    conditions: [{ name: 'a', mixture: { kind: 'replace' } }, { name: 'b', mixture: { share: 0.1 } }, { name: 'c', mixture: { share: 0.5 } }, { name: 'd', mixture: { share: 0.2 } }], // prettier-ignore
  };

  test('by their setting in the file, or listed', () => {
    expect([...conditionNumbers({ plan, document }, 'mixture.share').of]).toEqual([['b', 0.1], ['c', 0.5], ['d', 0.2]]); // prettier-ignore
    expect([...conditionNumbers({ plan, document }, 'a=1,b=2,c=3,d=1', ['b', 'c', 'd']).of.keys()]).toEqual(['b', 'c', 'd']);
    expect([...conditionNumbers({ plan }, 'a=0, b=0.1,c=2').of]).toEqual([['a', 0], ['b', 0.1], ['c', 2]]); // prettier-ignore
  });

  test.each([
    ['mixture.alpha', "no condition has mixture.alpha; give numbers in its place: 'a=0,"],
    ['a=1,b=2', 'only a and b have'],
    ['a=1,b=2,x=3', 'no condition "x"; there are a, b, c, d'],
    ['a=1,b=2,c=', 'c needs a number'],
    ['a=1,b=2,c=1', 'two conditions have the conditions 1'],
  ])('%s', (over, sentence) => {
    expect(() => conditionNumbers({ plan, document }, over)).toThrow(sentence);
  });
});
