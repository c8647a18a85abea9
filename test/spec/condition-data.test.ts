/** Conditions with real texts of their own. */
import { expect, test } from '@jest/globals';
import { planDigest } from '../../spec/digest.js';
import { expandSteps } from '../../spec/expand.js';
import { localSources } from '../../spec/sources.js';
import { describeCondition } from '../../report/describe-phases.js';
import { outline } from '../../workflows/outline.js';
import { SMALL, load, problems } from './support.js';

const own = (data: string, mixture = '{ kind: replace }') => `${SMALL}  - { name: own, mixture: ${mixture}, data: ${data} }\n`;

test('what a condition says of its data stands in place of the experiment’s; the rest stays', async () => {
  const { plan } = await load(own('{ train: file:other.txt, valid: file:v.txt, test: file:t.txt, limit: { test: 3 } }'), {
    sets: ['data.limit={train: 10, valid: 2}'],
  });
  const [first, second] = plan.conditions;
  expect(first.data).toBeUndefined();
  const { text } = plan.data;
  expect(second.data).toEqual({
    ...text,
    train: expect.stringMatching(/^file:\/.*other\.txt$/),
    valid: expect.stringMatching(/v\.txt$/),
    test: expect.stringMatching(/t\.txt$/),
    grammar: undefined,
    limit: { train: 10, valid: 2, test: 3 },
  });
  const [usual, other] = ['replace', 'own'].map((name) => expandSteps(plan).find(({ condition }) => condition === name)!);
  expect([usual.data.text, other.data.text]).toEqual([text, second.data]);
  expect(localSources(plan).data).toContain(second.data!.train);
  expect(describeCondition(second)).toMatch(
    /; texts of its own: train file:.*other\.txt, at most 10 blocks; valid .*; test .*, at most 3 blocks$/,
  );
});

test('other texts are another plan; runs of equal texts share their steps, others share none', async () => {
  const without = await load(SMALL);
  const { plan } = await load(own('{ limit: { train: 7 } }'));
  expect(planDigest(plan)).not.toBe(planDigest(without.plan));
  expect(planDigest((await load(own('{ limit: { train: 8 } }'))).plan)).not.toBe(planDigest(plan));
  const shared = (experiment: typeof plan) =>
    outline(experiment).runs.filter(({ condition }) => condition === 'own').flatMap(({ steps }) => steps.filter(({ sameAs }) => sameAs !== undefined)).length; // prettier-ignore
  expect(shared(plan)).toBe(0);
  expect(
    outline(plan).totals.steps - outline((await load(own('{ subset: { train: 1, valid: 1, test: 1 } }'))).plan).totals.steps,
  ).toBe(1); // one more prepare
  expect(shared((await load(own('{ subset: { train: 1, valid: 1, test: 1 } }'))).plan)).toBeGreaterThan(10);
});

test('what cannot be is told with its place', async () => {
  expect(await problems(own('{ block: 9 }'))).toEqual([expect.stringMatching(/^.*conditions\.\d\.data\.block: /)]);
  expect(await problems(own('{ train: "hf://a/b/c@main", valid: other }'))).toEqual([
    expect.stringMatching(/conditions\.\d\.data\.valid: /),
  ]);
  // a pool that its own texts cannot fill
  const few = own('{ limit: { train: 3 } }', '[{ from: real, take: { count: 5 } }]');
  expect(await problems(few)).toEqual([
    expect.stringMatching(/conditions\.\d\.mixture\.0\.take: asks for 5 records of a set that has 3 at most/),
  ]);
  const chains = `schemaVersion: 1
name: c
seeds: [1]
generations: 1
population: [{ name: normal, family: gaussian, sample: 8 }]
conditions: [{ name: replace, mixture: { kind: replace }, data: { train: file:a.txt } }]
`;
  expect(await problems(chains)).toEqual([
    expect.stringMatching(/conditions\.0\.data: a condition has texts of its own where members learn from texts/),
  ]);
});
