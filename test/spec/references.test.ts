/** Conditions by one word each: the plan is that of the file in which they are written by hand. */
import { describe, expect, test } from '@jest/globals';
import { planDigest } from '../../spec/digest.js';
import { SMALL, load, problems } from './support.js';

const asked = (words: string, text = SMALL) => `${text}references: ${words}\n`;
const byHand = (conditions: string, text = SMALL) => `${text}${conditions}\n`;
const CHECKPOINT = SMALL.replace('{ kind: scratch, architecture: { hidden: 16, layers: 1, heads: 2 } }', 'hf://a/b@main').replace('tokenizer: { kind: bpe, vocabulary: 300 }\n', ''); // prettier-ignore
const OWN = SMALL.replace('    prompts:', '    mixture: { kind: accumulate }\n    prompts:').replace('    mixture: { kind: replace }\n', '').replace('- name: replace', '- name: own'); // prettier-ignore

describe('a reference', () => {
  test.each([
    ['[random-weights]', SMALL, '  - { name: random-weights, generations: 0, mixture: { kind: replace }, override: { opt: { generation0: { epochs: 0 } } } }'],
    ['[zero-shot]', CHECKPOINT, '  - { name: zero-shot, generations: 0, mixture: { kind: replace }, override: { opt: { generation0: { epochs: 0 } } } }'],
    ['[human]', SMALL, '  - { name: human, mixture: [{ from: real }] }'],
    ['[human]', OWN, '  - { name: human, override: { opt: { mixture: [{ from: real }] } } }'],
    ['[human, random-weights]', OWN, '  - { name: human, override: { opt: { mixture: [{ from: real }] } } }\n  - { name: random-weights, generations: 0, override: { opt: { generation0: { epochs: 0 } } } }'],
    ['[random-weights]', SMALL.replace('epochs: 2', 'maxSteps: 5'), '  - { name: random-weights, generations: 0, mixture: { kind: replace }, override: { opt: { generation0: { epochs: 0 } } } }'],
  ])('%s is what its user would have written (case %#)', async (words, text, conditions) => {
    const [short, long] = await Promise.all([load(asked(words, text)), load(byHand(conditions, text))]);
    expect(short.plan).toEqual(long.plan);
    expect(planDigest(short.plan)).toBe(planDigest(long.plan));
  }); // prettier-ignore

  test('of members of several kinds: those that are trained stay untrained', async () => {
    const beside = SMALL.replace('conditions:', '  - { name: bigram, family: n-gram }\nconditions:');
    const { plan } = await load(asked('[random-weights, human]', beside));
    expect(plan.conditions.map(({ name, members }) => [name, members.map(({ mixture }) => mixture.kind)])).toEqual([
      ['replace', ['replace', 'replace']],
      ['random-weights', ['replace', 'replace']],
      ['human', ['terms', 'terms']],
    ]);
    expect(plan.conditions[1].members[0].generation0).toMatchObject({ epochs: 0 });
  });

  test.each([
    ['[zero-shot]', SMALL, ['17:14: references.0: zero-shot is a checkpoint as it came, and opt begins from scratch; use random-weights']],
    ['[human, random-weights]', CHECKPOINT, ['16:21: references.1: random-weights are of members from scratch, and opt begins as a checkpoint; use zero-shot, or give a member base: {kind: scratch, config: …} of the checkpoint’s config.json']],
    ['[human, human]', SMALL, ['17:21: references.1: condition "human" is there twice; remove it or change it; the first is conditions.1']],
    ['[human]', SMALL.replace('- name: replace', '- name: human'), ['17:14: references.0: condition "human" is there twice; remove it or change it; the first is conditions.0']],
    ['[real-text]', SMALL, ['17:14: references.0: "real-text" is not implemented yet; one of: zero-shot, random-weights, human']],
    ['[humans]', SMALL, ['17:14: references.0: unknown value "humans"; did you mean "human"?']],
    ['human', SMALL, ['17:13: references: must be a list, but is "human"']],
  ])('%s is refused where it stands (case %#)', async (words, text, expected) => {
    expect(await problems(asked(words, text))).toEqual(expected.map((problem) => `e.yaml:${problem}`));
  }); // prettier-ignore
});
