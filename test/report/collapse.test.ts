/** Definitions of collapse in worlds whose answers follow from exact laws, and on curves that were made for them. */
import { describe, expect, test } from '@jest/globals';
import { familyNamed } from '../../kinds/chains/host/index.js';
import type { WorldPlan } from '../../kinds/chains/plan.js';
import { collapseProfiles, type CollapseOptions, type Profile } from '../../report/collapse.js';
import { renderProfiles } from '../../report/collapse-text.js';
import { blockOf, type Scores } from '../../report/scores.js';
import { summarise } from '../../report/summary.js';
import type { MixtureRule } from '../../spec/mixture.js';
import { simulate } from '../kinds/chains/support.js';
import { rowsOfSeeds, scoresOf, type ValuesBySeed } from './scores-of.js';

/** A condition of cheap chains, as a store has it. */
function chains(condition: string, world: WorldPlan, size: number, mixture: MixtureRule, seeds: number, last: number): Scores {
  const values = simulate(world, { size, growth: 0 }, mixture, seeds, last);
  const { measures } = familyNamed(world.family);
  const generations = values.map((_, t) => t);
  const document = {
    schema: 'habsburg.series/v1' as const,
    seeds: Array.from({ length: seeds }, (_, s) => s + 1),
    generations,
    n: generations.map(() => size),
    measures: measures.map(({ metric, variant, version }) => ({ metric, variant, version })),
    values: measures.map((_, m) => generations.map((t) => values[t][m])),
  };
  return blockOf(document, { run: condition, place: { condition, member: 'm' }, subject: 'sha256:00' });
}

const profiles = (scores: readonly Scores[], options?: CollapseOptions): Profile[] => collapseProfiles(summarise({ scores }), undefined, options); // prettier-ignore
const answersOf = ({ answers }: Profile) => Object.fromEntries(answers.map(({ definition, verdict }) => [definition, verdict]));
const gaussian: WorldPlan = { family: 'gaussian', dimensions: 1, mean: 0, sigma: 1, estimator: 'biased' };
/** four coordinates: the squared error of a mean over them is less of a lottery */
const wide: WorldPlan = { ...gaussian, dimensions: 4 };
const regression: WorldPlan = { family: 'regression', dimensions: 5, noise: 1 };

describe('by laws', () => {
  test('Gaussians on their own data: variance (1 - 1/n)^t vanishes, the error of the mean rises and stays below σ²', () => {
    const [own] = profiles([chains('replace', gaussian, 10, { kind: 'replace' }, 150, 60)]);
    expect(answersOf(own)).toEqual({
      'rising-risk': 'yes',
      'diverging-risk': 'no',
      'risk-above': 'yes',
      'vanishing-variance': 'yes',
      'lost-tail': 'not measured',
      'unlike-real': 'yes',
      forgetting: 'yes',
    });
    const variance = own.answers.find(({ definition }) => definition === 'vanishing-variance')!;
    // log v falls by ψ((n - 1)/2) - ln(n/2) = -.2209 a generation, n = 10
    expect(variance.low!).toBeLessThan(Math.exp(-0.2209));
    expect(variance.high!).toBeGreaterThan(Math.exp(-0.2209));
  });

  test('Gaussians on all data so far: variance stays above sin(π/√n)/(π/√n), the error rises to π²/6 of its start, not to twice', () => {
    const [own] = profiles([chains('accumulate', wide, 20, { kind: 'accumulate' }, 300, 40)]);
    expect(answersOf(own)).toMatchObject({
      'rising-risk': 'yes',
      'diverging-risk': 'no',
      'risk-above': 'no',
      'vanishing-variance': 'no',
      forgetting: 'yes',
    });
  });

  test('regression: test error (t + 1) σ² d / (n - d - 1) has no bound, and scales with n as ever', () => {
    const scores = [20, 40, 80].map((n) => chains(`n-${n}`, regression, n, { kind: 'replace' }, 60, 20));
    const sizes = { name: 'n', of: new Map([['n-20', 20], ['n-40', 40], ['n-80', 80]]) }; // prettier-ignore
    const found = profiles(scores, { sizes });
    for (const own of found.slice(0, 3)) expect(answersOf(own)).toMatchObject({ 'rising-risk': 'yes', 'diverging-risk': 'yes' });
    expect(answersOf(found[3])).toEqual({ 'lost-scaling': 'no' });
  });

  test('Gaussians: more data help less once the error has come to σ² for all', () => {
    const scores = [3, 6, 12].map((n) => chains(`n-${n}`, wide, n, { kind: 'replace' }, 100, 60));
    const sizes = { name: 'n', of: new Map([['n-3', 3], ['n-6', 6], ['n-12', 12]]) }; // prettier-ignore
    expect(answersOf(profiles(scores, { sizes })[3])).toEqual({ 'lost-scaling': 'yes' });
  });

  test('states die out: the tail is lost, and where most chains are absorbed variance is 0', () => {
    const world: WorldPlan = { family: 'discrete', states: 10, zipf: 0 };
    const [own] = profiles([chains('replace', world, 10, { kind: 'replace' }, 100, 40)]);
    expect(answersOf(own)).toMatchObject({ 'lost-tail': 'yes', 'vanishing-variance': 'yes', 'rising-risk': 'not measured' });
    expect(own.answers.find(({ definition }) => definition === 'vanishing-variance')!.statistic).toBe('share of seeds at 0 at generation 40'); // prettier-ignore
  });
});

describe('on made curves', () => {
  const of = (values: ValuesBySeed, options?: CollapseOptions) => profiles(scoresOf(rowsOfSeeds(values)), options).map(answersOf);
  const noise = [-0.02, 0.01, 0.03, -0.01, 0.02];
  const curve = (f: (t: number) => number, last = 10): number[][] => noise.map((e, s) => Array.from({ length: last + 1 }, (_, t) => f(t) * (1 + e + ((s * 7 + t * 3) % 5) / 500))); // prettier-ignore

  test('what falls and rises again is forgotten, though no risk has risen; what only falls is not', () => {
    const [back, down] = of({ back: curve((t) => 100 + 3 * (t - 6) ** 2), down: curve((t) => 100 - t) });
    expect(back).toMatchObject({ forgetting: 'yes', 'rising-risk': 'no', 'risk-above': 'no' });
    expect(down).toMatchObject({ forgetting: 'no', 'rising-risk': 'no', 'diverging-risk': 'no' });
  });

  test('as fast as ever, slowing, and not at all', () => {
    const [linear, saturating, flat] = of({ linear: curve((t) => 100 + 20 * t), saturating: curve((t) => 200 - 100 * 0.5 ** t), flat: curve(() => 100) }); // prettier-ignore
    expect([linear, saturating, flat].map((one) => one['diverging-risk'])).toEqual(['yes', 'no', 'no']);
    expect([linear, saturating, flat].map((one) => one['rising-risk'])).toEqual(['yes', 'yes', 'no']);
    expect([linear, saturating, flat].map((one) => one['risk-above'])).toEqual(['yes', 'no', 'no']);
    expect(of({ linear: curve((t) => 100 + 20 * t) }, { threshold: 400 })[0]).toMatchObject({ 'risk-above': 'no' });
  });

  test('one seed and few generations tell nothing, and say why', () => {
    const [own] = profiles(scoresOf(rowsOfSeeds({ one: [[10, 20, 40]] })));
    expect(own.answers.filter(({ verdict }) => verdict === 'yes' || verdict === 'no')).toEqual([]);
    expect(own.answers[0]).toMatchObject({ verdict: 'cannot tell', why: 'one seed', value: 4, line: 1 });
    expect(own.answers[1].why).toBe('it takes 3 generations in either half');
    expect(own.answers[3].why).toMatch(/^it is read off variance, spread.* or --use variance=METRIC$/);
  });

  test('a metric that is named stands for another, in its own direction', () => {
    const scores = scoresOf(rowsOfSeeds({ a: curve((t) => 1 - t / 20) }, 'flesch', 'vowel-runs'));
    expect(profiles(scores)[0].answers.every(({ verdict }) => verdict === 'not measured')).toBe(true);
    const [own] = profiles(scores, { used: { tail: 'flesch' } });
    expect(answersOf(own)).toMatchObject({ 'lost-tail': 'yes' });
  });

  test('as a table', () => {
    const text = renderProfiles(profiles(scoresOf(rowsOfSeeds({ replace: curve((t) => 100 + 20 * t) }))), 100);
    expect(text).toMatch(/^replace +value +95 % interval +line +of +collapsed\?\n/);
    expect(text).toMatch(/\npopulation risk rises +3\.0\d* +\S+ to \S+ +1 +generation 10 \/ 0 +yes\n/);
    expect(text).toContain('By perplexity (real-test), 5 seeds: population risk rises,');
    expect(text).toMatch(/\nthe tail is lost: not measured, \S/);
    for (const row of text.split('\n')) expect(row.length).toBeLessThanOrEqual(112);
  });
});
