/** Splits that hold a member's mixture, as a file says it. */
import { describe, expect, test } from '@jest/globals';
import { planDigest } from '../../spec/digest.js';
import { heldOutTerms } from '../../spec/mixes.js';
import { SMALL, load, problems } from './support.js';

const mixing = (mixes: string, mixture = '{ kind: replace }', more = '') =>
  SMALL.replace('    prompts:', `    mixes: ${mixes}\n    prompts:`).replace(
    'mixture: { kind: replace }',
    `mixture: ${mixture}`,
  ) + more;
const opt = async (text: string) => (await load(text)).plan.conditions[0].members[0];

describe('mixes', () => {
  test('names the splits beside the training set, in one order; without them nothing is in the plan', async () => {
    expect((await opt(mixing('[test, train, valid]'))).mixes).toEqual(['valid', 'test']);
    expect((await opt(mixing('[train, test]'))).mixes).toEqual(['test']);
    const [plain, said, mixed] = await Promise.all(
      [SMALL, mixing('[train]'), mixing('[train, valid]')].map((text) => load(text)),
    );
    expect(planDigest(said.plan)).toBe(planDigest(plain.plan));
    expect(planDigest(mixed.plan)).not.toBe(planDigest(plain.plan));
  });

  test('of a condition alone', async () => {
    const own = `${SMALL}    override: { opt: { mixes: [train, valid] } }\n`;
    expect((await opt(own)).mixes).toEqual(['valid']);
  });

  test.each([
    ['[valid]', '{ kind: replace }', '13:12: population.0.mixes: must name train, and no split twice'],
    ['[train, train]', '{ kind: replace }', '13:12: population.0.mixes: must name train, and no split twice'],
    ['[train, validation]', '{ kind: replace }', '13:20: population.0.mixes.1: unknown value "validation"; one of: train, valid, test'],
    ['[train, valid]', '{ kind: accumulate }', '17:22: conditions.0.mixture.kind: accumulate: all generations are read together of training sets alone, and mixes names valid; use another mixture, or leave mixes out'],
    ['[train, test]', '[{ from: [real, self], generation: all }]', '17:49: conditions.0.mixture.0.generation: all generations are read together of training sets alone, and mixes names test; use generation: previous, or leave mixes out'],
    ['[train, valid, test]', '[{ from: self, draw: fresh, take: { share: 1 } }]', '17:35: conditions.0.mixture.0.draw: what no generation has trained on is a part of data.train, and mixes names valid and test; use draw: redrawn, or leave mixes out'],
    ['[train, valid]', '[{ from: real, take: { count: 3 } }, { from: self }]', '17:35: conditions.0.mixture.0.take: a count is of training records, and mixes names valid; use take: {share: …}, which each split has, or leave mixes out'],
    ['[train, valid]', '[{ from: self }, { from: "file:more.txt" }]', '17:39: conditions.0.mixture.1.from: a source has no splits, and mixes names valid; use real or a member, or leave mixes out'],
  ])('%s with %s is refused', async (mixes, mixture, sentence) => {
    expect(await problems(mixing(mixes, mixture))).toEqual([`e.yaml:${sentence}`]);
  }); // prettier-ignore

  test('is of texts alone', async () => {
    const cheap = 'schemaVersion: 1\nname: n\nseeds: [1]\ngenerations: 1\npopulation:\n  - { name: g, family: gaussian, sample: 9, mixes: [train, valid] }\nconditions:\n  - { name: replace, mixture: { kind: replace } }\n'; // prettier-ignore
    expect(await problems(cheap)).toEqual([
      'e.yaml:6:45: population.0.mixes: mixed validation and test sets are of texts: no other model is selected or scored on what was written; remove it',
    ]);
  });

  test('a metric of the mixed test set needs one', async () => {
    const asked = 'metrics: [{ name: perplexity, variant: mixed-test/exp-mean-token }]\n';
    expect(await problems(mixing('[train, valid, test]', undefined, asked))).toEqual([]);
    expect(await problems(mixing('[train, valid]', undefined, asked))).toEqual([
      'e.yaml:18:11: metrics.0: mixed-test/exp-mean-token is of a test set that is mixed, and no member mixes its own; give the member mixes: [train, valid, test], or remove it',
    ]);
  });
});

test('all records of a held-out split count alike', () => {
  const one = { from: 'self', generation: 'previous', take: 'all', draw: 'redrawn' } as const;
  expect(heldOutTerms([{ ...one, lossWeight: 2 }, one])).toEqual([one, one]);
});
