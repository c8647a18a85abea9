import { describe, expect, test } from '@jest/globals';
import { CounterRng } from '../../common/philox.js';
import { decideClaims, judgeClaims } from '../../report/claims.js';
import { claimSentences, claimsHeadline, renderClaims, verdictWord } from '../../report/claims-text.js';
import type { Claim } from '../../spec/claims.js';
import { clopperPearson } from '../../statistics/proportions.js';
import { rowsOfSeeds, scoresOf, type ValuesBySeed } from './scores-of.js';

/** By condition: values by seed (1, 2, …) and generation. */
function resultsOf(of: ValuesBySeed, metric = 'perplexity', variant = 'real-test') {
  return {
    scores: scoresOf(rowsOfSeeds(of, metric, variant)),
    plan: { conditions: [], generations: Object.values(of)[0][0].length - 1 } as any,
  };
}

const claim = (of: Partial<Claim>): Claim => ({
  id: 'c',
  says: 'It rises.',
  metric: 'perplexity',
  statistic: { kind: 'growth' },
  conditions: ['replace'],
  direction: 'above',
  ...of, // prettier-ignore
});

const RESULTS = resultsOf({
  replace: [[10, 21, 40], [20, 45, 90], [10, 26, 50], [12, 22, 41], [15, 33, 70]], // prettier-ignore
  keep: [[10, 11, 10], [20, 22, 22], [10, 9.8, 9.5], [12, 12.5, 13.1], [15, 15, 16]], // prettier-ignore
});
const judged = (of: Partial<Claim>) => judgeClaims(RESULTS, [claim(of)])[0];

describe('a claim', () => {
  test('about growth is a one-sided t test of log ratios against the threshold (scipy)', () => {
    const found = judged({ threshold: 2 });
    expect(found.verdict).toBe('holds');
    expect(found.p!.holds / 0.00017058393562640643).toBeCloseTo(1, 4);
    expect(found.parts).toEqual([
      { label: 'growth from generation 0 to 2 under replace', n: 5, value: expect.closeTo(4.2792768, 6), low: expect.closeTo(3.5539211, 6), high: expect.closeTo(5.1526776, 6) }, // prettier-ignore
    ]);
    expect(judged({ threshold: 20 }).verdict).toBe('fails');
    expect(judged({ direction: 'below', threshold: 20 }).verdict).toBe('holds');
  });

  test('about two conditions is paired by seed', () => {
    const found = judged({ statistic: { kind: 'ratio' }, conditions: ['replace', 'keep'] });
    expect(found.verdict).toBe('holds');
    // half of ttest_rel's two-sided p
    expect(found.p!.holds / (7.180604441443479e-5 / 2)).toBeCloseTo(1, 6);
    expect(judged({ statistic: { kind: 'difference', generation: 1 }, conditions: ['keep', 'replace'], direction: 'below', threshold: -5 }).verdict).toBe('holds'); // prettier-ignore
  });

  test('about several conditions holds if it holds of each, and fails if it fails of one', () => {
    expect(judged({ conditions: ['replace', 'keep'], threshold: 2 }).verdict).toBe('fails');
    const both = judged({ conditions: ['replace', 'keep'], direction: 'below', threshold: 6 });
    expect(both.verdict).toBe('holds');
    // that it fails of any of two is asked twice: Bonferroni; scipy's ttest_1samp of keep's log ratios against log 1.2, alternative less
    const of = (conditions: string[]) => judged({ conditions, threshold: 1.2 }).p!.fails;
    expect(of(['keep', 'replace'])).toBeCloseTo(2 * of(['keep']), 12);
    expect(of(['keep'])).toBeCloseTo(0.0035425278583782103, 10);
    expect(both.parts.map(({ label }) => label)).toEqual(['growth from generation 0 to 2 under replace', 'growth from generation 0 to 2 under keep']); // prettier-ignore
  });

  test('within two bounds is two tests (TOST)', () => {
    const keep = { conditions: ['keep'], direction: 'within' as const };
    expect(judged({ ...keep, threshold: [0.9, 1.2] }).verdict).toBe('holds');
    expect(judged({ ...keep, threshold: [0.99, 1.05] }).verdict).toBe('cannot tell');
    expect(judged({ ...keep, threshold: [1.5, 2] }).verdict).toBe('fails');
  });

  test('a trend and a level', () => {
    expect(judged({ statistic: { kind: 'trend' }, threshold: 5 }).verdict).toBe('holds');
    expect(judged({ statistic: { kind: 'level', generation: 1 }, direction: 'within', threshold: [10, 60] }).verdict).toBe(
      'holds',
    );
  });

  test('of which nothing can be told names its power, and how many seeds would do', () => {
    const found = judged({ conditions: ['keep'] });
    expect(found.verdict).toBe('cannot tell');
    // statsmodels: TTestPower().power(.62319, 5, .05, alternative='larger'), .solve_power(…, power=.8): 17.36
    expect(found.power).toBeCloseTo(0.31458336, 7);
    expect(found.seedsNeeded).toBe(18);
    expect(verdictWord(found)).toMatch(/^cannot tell \(power \.3\d\)$/);
    const expected = judged({ conditions: ['keep'], expected: 1.5 });
    expect(expected.power).toBeGreaterThan(0.99);
    expect(judged({ conditions: ['keep'], direction: 'below' }).seedsNeeded).toBeUndefined(); // it rises
    // between two bounds five seeds see next to nothing; scipy's nct: 68 see it with .80
    const between = judged({ conditions: ['keep'], direction: 'within', threshold: [0.97, 1.05], expected: 1.03 });
    expect([between.power, between.seedsNeeded]).toEqual([0, 68]);
  });

  test('is not told by one seed, by what is not there, or not measured', () => {
    const one = resultsOf({ replace: [[10, 40]] });
    const why = (of: Partial<Claim>, results = RESULTS) => judgeClaims(results, [claim(of)])[0].why;
    expect(why({}, one)).toBe('one seed makes no claim');
    expect(why({ statistic: { kind: 'growth', to: 9 } })).toBe('there is no value at generation 9');
    expect(why({ metric: 'rep' })).toBe('rep is not measured');
    expect(why({ statistic: { kind: 'trend' } }, resultsOf({ replace: [[1, 2], [1, 2]] }))).toBe('a trend takes three generations'); // prettier-ignore
    const two = { ...RESULTS, scores: [...RESULTS.scores, ...resultsOf({ replace: [[1, 2, 3]] }, 'perplexity', 'other').scores] };
    expect(why({}, two)).toBe('perplexity has several values, perplexity/real-test, perplexity/other: the claim must say which');
    const parts = resultsOf({ replace: [[10, 21, 40], [20, 45, 90]] }, 'perplexity', 'real-test/exp-mean-token').scores; // prettier-ignore
    const part = resultsOf({ replace: [[1, 1, 1]] }, 'perplexity', 'real-test/exp-mean-token/without-end-token').scores;
    expect(judgeClaims({ ...RESULTS, scores: [...part, ...parts] }, [claim({})])[0].parts[0].n).toBe(2); // the metric's own value
    expect(why({ metric: 'perplexity/other' }, two)).toBe('one seed makes no claim');
    expect(why({}, resultsOf({ replace: [[-1, 2], [1, 2]] }))).toMatch(/claim a change/); // prettier-ignore
  });

  test('seeds that fell to 0 count: the ratio of means', () => {
    const gone = resultsOf({ replace: [[10, 0], [12, 0], [11, 0.2], [10, 0.1]] }); // prettier-ignore
    const [found] = judgeClaims(gone, [claim({ direction: 'below', threshold: 0.1 })]);
    expect(found.verdict).toBe('holds');
    expect(found.parts[0].value).toBeCloseTo(0.3 / 43, 12);
  });

  test('equal in all seeds leaves no doubt, but at the threshold', () => {
    const flat = resultsOf({ replace: [[1, 1], [1, 1], [1, 1]] }); // prettier-ignore
    expect(judgeClaims(flat, [claim({ threshold: 0.5 })])[0].verdict).toBe('holds');
    expect(judgeClaims(flat, [claim({ threshold: 1 })])[0].verdict).toBe('cannot tell');
    expect(judgeClaims(flat, [claim({ threshold: 2 })])[0].verdict).toBe('fails');
  });
});

test('several claims are corrected together', () => {
  const all = judgeClaims(RESULTS, [claim({ threshold: 2 }), claim({ threshold: 3 }), claim({ conditions: ['keep'] })]);
  const raw = all.map(({ p }) => p!.holds);
  expect(raw[0]).toBeLessThan(raw[1]);
  expect(all[0].p!.correctedHolds).toBeCloseTo(3 * raw[0], 12);
  expect(all[1].p!.correctedHolds).toBeCloseTo(2 * raw[1], 12);
});

test('in words', () => {
  const all = judgeClaims(RESULTS, [claim({ threshold: 2 }), claim({ conditions: ['keep'], says: 'It \u001b rises too.' })]);
  expect(claimsHeadline(all)).toBe('1 of 2 claims holds; 1 cannot be told.');
  expect(claimSentences(all[0])).toEqual([
    'perplexity: growth from generation 0 to 2 under replace is 4.28 (95 % interval 3.55 to 5.15; 5 seeds).',
    'Claimed: above 2. p that it holds .0002, .0003 after Holm’s correction over all claims.',
  ]);
  // numbers have a true minus, thresholds as well
  const signed = judgeClaims(RESULTS, [claim({ statistic: { kind: 'change' }, direction: 'within', threshold: [-0.08, 90] })]);
  expect(claimSentences(signed[0])[1]).toMatch(/^Claimed: within −0\.08 and 90\. /);
  expect(renderClaims(all, 80)).toContain('cannot tell (power .31): It ␛ rises too.');
});

/** Values of an invented experiment: `effect` on the logarithm of what the last generation has, noise of 0.1 a value. */
function invented(trial: number, seeds: number, effect: number): ReturnType<typeof resultsOf> {
  const rng = new CounterRng({ seed: trial, generation: 0, member: '', step: 'invented' });
  const chain = (condition: number, shift: number): number[][] =>
    Array.from({ length: seeds }, (_, s) => {
      const start = 0.3 * rng.normal(s, 0);
      return [0, 1, 2].map((t) => Math.exp(start + (shift * t) / 2 + (t === 0 ? 0 : 0.1 * rng.normal(10 * s + t, condition))));
    });
  return resultsOf({ replace: chain(1, effect), keep: chain(2, 0) });
}

test('of experiments in which nothing is true at most one in twenty has a claim that holds; a planted effect is found as announced', () => {
  const claims = [
    claim({ id: 'rises' }),
    claim({ id: 'keep-falls', conditions: ['keep'], direction: 'below' }),
    claim({ id: 'apart', statistic: { kind: 'ratio' }, conditions: ['replace', 'keep'] }),
    claim({ id: 'trend', statistic: { kind: 'trend' }, conditions: ['keep'] }),
  ];
  const trials = 1000;
  let holds = 0;
  for (let i = 0; i < trials; i++)
    if (decideClaims(invented(i, 5, 0), claims).some(({ verdict }) => verdict.verdict === 'holds')) holds++;
  // what was seen does not speak against a share of 5 %
  expect(clopperPearson(holds, trials)[0]).toBeLessThanOrEqual(0.05);
  // and the tests do reject
  expect(holds).toBeGreaterThan(10);

  // effect .15, sd .1 of the log growth, 5 seeds, one-sided: TTestPower().power(1.5, 5, .05, alternative='larger')
  let found = 0;
  for (let i = 0; i < trials; i++)
    if (decideClaims(invented(trials + i, 5, 0.15), claims.slice(0, 1))[0].verdict.verdict === 'holds') found++;
  expect(Math.abs(found / trials - 0.86195)).toBeLessThan(0.03);
});
