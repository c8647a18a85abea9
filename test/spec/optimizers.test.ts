/** The optimiser in an experiment file: what a plan says of it, inheritance, and what is refused with its place and what to do. */
import { describe, expect, test } from '@jest/globals';
import { describePlan } from '../../report/describe.js';
import { planDigest } from '../../spec/digest.js';
import { load, problems, SMALL } from './support.js';

const training = (settings: string, generation0?: string): string =>
  SMALL.replace(
    'learningRate: 1e-3 }',
    `learningRate: 1e-3, ${settings} }${generation0 ? `\n    generation0: ${generation0}` : ''}`,
  );
const memberOf = async (yaml: string) => (await load(yaml)).plan.population[0];

describe('a plan', () => {
  test('does not name AdamW, and is the same whether a file does', async () => {
    const [without, named] = [await load(SMALL), await load(training('optimizer: adamw, betas: [0.9, 0.999]'))];
    expect(named.plan).toEqual(without.plan);
    expect(planDigest(named.plan)).toBe(planDigest(without.plan));
    const own = { weightDecay: 0.01, betas: [0.9, 0.999], epsilon: 1e-8 };
    expect(named.plan.population[0].training).toMatchObject(own);
    expect('optimizer' in named.plan.population[0].training).toBe(false);
  });

  test('says of another what is not its default, in words too', async () => {
    const { plan } = await load(training('optimizer: sgd, momentum: 0.9, nesterov: true, weightDecay: 0'));
    const [{ training: sgd, generation0 }] = plan.population;
    expect(sgd).toMatchObject({ optimizer: 'sgd', momentum: 0.9, nesterov: true });
    expect(Object.keys(sgd).filter((key) => ['weightDecay', 'betas', 'epsilon'].includes(key))).toEqual([]);
    expect(generation0).toEqual(sgd);
    expect(describePlan(plan)).toContain("trains by SGD (momentum 0.9, Nesterov's) on what");
  });

  test("generation 0 inherits the optimiser's settings where it is the same", async () => {
    const same = await memberOf(training('optimizer: sgd, momentum: 0.9', '{ weightDecay: 0.1 }'));
    expect(same.generation0).toEqual({ ...same.training, weightDecay: 0.1 });
    const other = await memberOf(training('optimizer: sgd, momentum: 0.9, weightDecay: 0.2', '{ optimizer: adamw }'));
    expect(other.generation0).toMatchObject({ weightDecay: 0.01, betas: [0.9, 0.999], epsilon: 1e-8 });
    expect('momentum' in other.generation0 || 'optimizer' in other.generation0).toBe(false);
  });

  test('a condition may take another', async () => {
    const { plan } = await load(SMALL.replace('mixture: { kind: replace }', 'mixture: { kind: replace }\n    override: { opt: { training: { optimizer: sgd } } }')); // prettier-ignore
    expect(plan.conditions[0].members[0].training).toMatchObject({ optimizer: 'sgd' });
    expect('optimizer' in plan.population[0].training).toBe(false);
  });
});

test.each([
  [training('momentum: 0.9'), ['e.yaml:11:58: population.0.training.momentum: "momentum" has no effect with optimizer: adamw; use optimizer: sgd, or remove it']],
  [training('optimizer: sgd, betas: [0.9, 0.95]'), ['e.yaml:11:74: population.0.training.betas: "betas" has no effect with optimizer: sgd; use optimizer: adamw, or remove it']],
  [training('optimizer: sgd, nesterov: true'), ['e.yaml:11:74: population.0.training.nesterov: "nesterov" has no effect without momentum; add momentum, or remove it']],
  [training('optimizer: sgd, momentum: 1'), ['e.yaml:11:84: population.0.training.momentum: must be less than 1, but is 1']],
  [training('optimizer: sgd', '{ epsilon: 1e-6 }'), ['e.yaml:12:20: population.0.generation0.epsilon: "epsilon" has no effect with optimizer: sgd; use optimizer: adamw or adafactor, or remove it']],
  [training('optimizer: adam'), ['e.yaml:11:69: population.0.training.optimizer: unknown value "adam"; did you mean "adamw"?']],
  [training('optimiser: sgd'), ['e.yaml:11:58: population.0.training.optimiser: unknown key "optimiser"; did you mean "optimizer"?']],
])('%#', async (yaml, expected) => {
  expect(yaml).not.toBe(SMALL);
  expect(await problems(yaml)).toEqual(expected);
}); // prettier-ignore
