/** Ferbach et al. (arXiv:2407.09499): what one step of curation does to a distribution, exactly, against what the operator picks. */
import { describe, expect, test } from '@jest/globals';
import { curate } from '../../operators/curate.js';
import type { Text } from '../../operators/types.js';
import { chiSquareUpper } from '../../statistics/distributions.js';
import { drawsOf, noDraw } from '../support/draws.js';

/** Texts of a discrete world, with their rewards as readings. */
const WORLD = [
  { p: 0.5, reward: 0 },
  { p: 0.3, reward: 1 },
  { p: 0.2, reward: -1.5 },
];

/** p(x) K E[e^r(x) / (e^r(x) + Σ_{i<K} e^r(x_i))], the expectation by enumeration of the K - 1 others. */
function law(candidates: number, beta: number): number[] {
  const weight = WORLD.map(({ reward }) => Math.exp(beta * reward));
  const expectation = (own: number, others: number, sum: number): number =>
    others === 0 ? weight[own] / sum : WORLD.reduce((e, { p }, x) => e + p * expectation(own, others - 1, sum + weight[x]), 0);
  return WORLD.map(({ p }, x) => p * candidates * expectation(x, candidates - 1, weight[x]));
}

/** Counts of what was picked of `prompts` prompts' candidates. */
function picked(prompts: number, candidates: number, settings: object, seed: number): number[] {
  const world = drawsOf(seed);
  const which: number[] = [];
  const texts: Text[] = [];
  for (let prompt = 0; prompt < prompts; prompt++)
    for (let c = 0; c < candidates; c++) {
      const u = world(prompt, c);
      which.push(WORLD.findIndex((_, x) => u < WORLD.slice(0, x + 1).reduce((sum, { p }) => sum + p, 0)));
      texts.push({ text: '', tokens: [], candidateOf: `g1/m/${prompt}` });
    }
  const table = { columns: { nll_sum: which.map((x) => WORLD[x].reward) } };
  const parsed = curate.settings.parse({ column: 'nll_sum', ...settings });
  const verdicts = curate.apply(texts, parsed, { 'likelihood/first': table }, drawsOf(seed + 1000));
  const counts = WORLD.map(() => 0);
  verdicts.forEach((verdict, i) => (counts[which[i]] += verdict === 'keep' ? 1 : 0));
  expect(counts.reduce((sum, n) => sum + n, 0)).toBe(prompts);
  return counts;
}

describe('curate', () => {
  test.each([
    [2, 1],
    [3, 1],
    [5, -0.7],
  ])('of %i candidates, beta %d: the distribution is the law’s', (candidates, beta) => {
    const n = 6000;
    const expected = law(candidates, beta).map((p) => n * p);
    expect(expected.reduce((sum, x) => sum + x, 0)).toBeCloseTo(n, 6);
    const counts = picked(n, candidates, { beta }, 10 * candidates);
    const statistic = counts.reduce((sum, count, x) => sum + (count - expected[x]) ** 2 / expected[x], 0);
    expect(chiSquareUpper(statistic, WORLD.length - 1)).toBeGreaterThan(0.05);
  });

  test('of many candidates it is the distribution tilted by e^r, and with best the highest alone', () => {
    const tilted = WORLD.map(({ p, reward }) => p * Math.exp(reward));
    const total = tilted.reduce((sum, x) => sum + x, 0);
    picked(400, 100, {}, 3).forEach((count, x) => {
      const p = tilted[x] / total;
      // so many candidates are the limit to within 1/K
      expect(Math.abs(count / 400 - p)).toBeLessThan(1.96 * Math.sqrt((p * (1 - p)) / 400) + 0.01);
    });
    expect(picked(200, 60, { pick: 'best' }, 5)).toEqual([0, 200, 0]);
    expect(picked(200, 60, { pick: 'best', beta: -1 }, 6)).toEqual([0, 0, 200]);
  });

  test('a candidate without a reading is not picked; real texts stay; a property of the text is a reward', () => {
    const apply = (texts: Text[], settings: object, readings: number[] = []) =>
      curate.apply(
        texts,
        curate.settings.parse(settings),
        { 'likelihood/first': { columns: { nll_sum: readings } } },
        drawsOf(1),
      );
    const candidate = (text: string, of: string): Text => ({ text, tokens: [], candidateOf: of });
    const texts = [candidate('a', '0'), candidate('b', '0'), candidate('c', '1'), { text: 'real', tokens: [] }];
    expect(apply(texts, { column: 'nll_sum' }, [NaN, 3, NaN, NaN])).toEqual(['remove', 'keep', 'remove', 'keep']);
    // rewards that no number holds
    expect(apply(texts, { column: 'nll_sum', beta: 1e6 }, [1e6, 1, 2, 0])).toEqual(['keep', 'remove', 'keep', 'keep']);
    expect(
      apply(texts, { column: 'nll_sum' }, [-Infinity, -Infinity, 0, 0]).filter((verdict) => verdict === 'keep'),
    ).toHaveLength(3);
    const words = [candidate('one two', '0'), candidate('one two three', '0'), candidate('one', '0')];
    const longest = curate.settings.parse({ observation: 'text', column: 'words', pick: 'best' });
    expect(curate.apply(words, longest, {}, noDraw)).toEqual(['remove', 'keep', 'remove']);
    expect(curate.needs!(longest)).toEqual([]);
  });
});
