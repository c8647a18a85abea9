import { describe, expect, test } from '@jest/globals';
import { expand } from '../../../spec/expand.js';
import { isMeasured } from '../../../kinds/chains/blocks.js';
import type { ChainRunPlan } from '../../../kinds/chains/plan.js';
import type { ExperimentPlan } from '../../../spec/plan.js';
import { load, problems } from '../../spec/support.js';

const NORMAL = `schemaVersion: 1
name: small
seeds: { from: 1, count: 600 }
generations: 20
population:
  - name: normal
    family: gaussian
    sample: 100
conditions:
  - name: replace
    mixture: { kind: replace }
  - name: more
    mixture: { kind: weights, alpha: 0.5, beta: 0.2, gamma: 0.3 }
    override: { normal: { sample: { size: 50, growth: 1.5 }, dimensions: 3 } }
`;

async function plan(yaml: string): Promise<ExperimentPlan> {
  return (await load(yaml)).plan as unknown as ExperimentPlan;
}
const runsOf = async (yaml: string) => expand(await plan(yaml)) as ChainRunPlan[];

describe('a file of cheap models', () => {
  test('has its defaults filled in and its overrides applied', async () => {
    const { population, conditions, seeds } = await plan(NORMAL);
    expect(seeds).toHaveLength(600);
    expect(population).toEqual([
      {
        name: 'normal',
        world: { family: 'gaussian', dimensions: 1, mean: 0, sigma: 1, estimator: 'biased' },
        sample: { size: 100, growth: 0 },
      },
    ]);
    expect(conditions[1].members[0]).toMatchObject({ world: { dimensions: 3, sigma: 1 }, sample: { size: 50, growth: 1.5 } });
  });

  test('expands into blocks of seeds, which more seeds leave as they are', async () => {
    const runs = await runsOf(NORMAL);
    expect(runs.map(({ id, seeds }) => [id, seeds.length])).toEqual([
      ['replace/seeds-1-250', 250],
      ['replace/seeds-251-500', 250],
      ['replace/seeds-501-600', 100],
      ['more/seeds-1-250', 250],
      ['more/seeds-251-500', 250],
      ['more/seeds-501-600', 100],
    ]);
    const wider = await runsOf(NORMAL.replace('600', '900'));
    expect(wider.slice(0, 2).map(({ seeds }) => seeds)).toEqual(runs.slice(0, 2).map(({ seeds }) => seeds));
  });

  test('an n-gram model takes the whole text and usual weights', async () => {
    const yaml = NORMAL.replace(
      /population[^]*conditions/,
      'data: { train: file:a.txt, test: file:b.txt }\npopulation: [{ name: normal, family: n-gram, order: 3 }]\nconditions',
    ).replace(/ {2}- name: more[^]*/, '');
    const { population, data } = await plan(yaml);
    expect(population[0]).toEqual({
      name: 'normal',
      world: { family: 'n-gram', order: 3, interpolation: [0.5, 0.3, 0.19, 0.01], tail: 0.05 },
      sample: { size: 0, growth: 0 },
    });
    expect(data.chains!.train).toMatch(/^file:\/.*\/a\.txt$/);
  });

  const wrong: [string, string | RegExp, string, string][] = [
    [
      'unknown key',
      'sample: 100',
      'samples: 100',
      'e.yaml:8:5: population.0.samples: unknown key "samples"; did you mean "sample"?',
    ],
    [
      'unknown mixture',
      'kind: replace',
      'kind: replacee',
      'e.yaml:11:22: conditions.0.mixture.kind: unknown value "replacee"; did you mean "replace"?',
    ],
    [
      'weights',
      'gamma: 0.3',
      'gamma: 0.4',
      'e.yaml:13:14: conditions.1.mixture: alpha, beta and gamma sum to 1.1, not 1; change one of them',
    ],
    [
      'data without text',
      'population:',
      'data: { train: file:a, test: file:b }\npopulation:',
      'e.yaml:5:1: data: has no effect: these families draw their own real data; remove it',
    ],
    [
      'text without data',
      'family: gaussian',
      'family: n-gram',
      'e.yaml:1:1: data: is required; add data: {train: file:PATH, test: file:PATH}',
    ],
    [
      'override',
      'dimensions: 3',
      'dimension: 3',
      'e.yaml:14:62: conditions.1.override.normal.dimension: unknown key "dimension"; did you mean "dimensions"?',
    ],
    [
      'operators',
      '{ kind: replace }',
      '[{ from: self, through: [dedupe] }]',
      'e.yaml:11:29: conditions.0.mixture.0.through: operators read texts, and cheap models keep counts and moments instead; remove it',
    ],
    [
      'another real source',
      '{ kind: replace }',
      '[{ from: file:more.txt }]',
      'e.yaml:11:23: conditions.0.mixture.0.from: a cheap model learns from one truth, which its own settings or data.train say; use real, or another member',
    ],
    [
      'weights in the loss',
      '{ kind: replace }',
      '[{ from: self, lossWeight: 2 }]',
      'e.yaml:11:29: conditions.0.mixture.0.lossWeight: has no meaning for cheap models, whose fits are counts and moments and follow no gradient of a loss; remove it, or take more of the term',
    ],
    [
      'operators behind the writing',
      'sample: 100',
      'sample: 100\n    postprocess: [dedupe]',
      'e.yaml:9:5: population.0.postprocess: operators read texts; images have none, and cheap models keep counts and moments instead; remove it',
    ],
    [
      'regression',
      /family: gaussian\n {4}sample: 100/,
      'family: regression\n    dimensions: 30\n    sample: 20',
      'e.yaml:9:13: population.0.sample: 20 records do not determine 30 coefficients; use at least 30',
    ],
  ];
  test.each(wrong)('%s is told with line and column', async (_, from, to, sentence) => {
    expect(await problems(NORMAL.replace(from, to))).toContain(sentence);
  });

  test('a family that is nearly right is suggested', async () => {
    expect(await problems(NORMAL.replace('family: gaussian', 'family: gausian'))).toContain(
      'e.yaml:7:13: population.0.family: unknown value "gausian"; did you mean "gaussian"?',
    );
  });
});

test('generations are measured all up to 50, then more and more rarely', () => {
  const measured = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i).filter(isMeasured);
  expect(measured(0, 50)).toHaveLength(51);
  expect(measured(51, 100)).toEqual([60, 70, 80, 90, 100]);
  expect(measured(480, 800)).toEqual([480, 490, 500, 600, 700, 800]);
  expect(measured(0, 10_000)).toHaveLength(51 + 45 + 45 + 5);
});
