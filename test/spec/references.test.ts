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
    ['[real-text]', SMALL, '  - { name: real-text, generations: 0, mixture: { kind: replace }, override: { opt: { writes: real-text } } }'],
    ['[real-text]', OWN, '  - { name: real-text, generations: 0, override: { opt: { writes: real-text } } }'],
    ['[human]', OWN, '  - { name: human, override: { opt: { mixture: [{ from: real }] } } }'],
    ['[human, random-weights]', OWN, '  - { name: human, override: { opt: { mixture: [{ from: real }] } } }\n  - { name: random-weights, generations: 0, override: { opt: { generation0: { epochs: 0 } } } }'],
    ['[random-weights]', SMALL.replace('epochs: 2', 'maxSteps: 5'), '  - { name: random-weights, generations: 0, mixture: { kind: replace }, override: { opt: { generation0: { epochs: 0 } } } }'],
  ])('%s is what its user would have written (case %#)', async (words, text, conditions) => {
    const [short, long] = await Promise.all([load(asked(words, text)), load(byHand(conditions, text))]);
    expect(short.plan).toEqual(long.plan);
    expect(planDigest(short.plan)).toBe(planDigest(long.plan));
  }); // prettier-ignore

  test.each([
    ['blocks are as long as what is written', SMALL, undefined],
    ['shorter ones', SMALL.replace('strategy: greedy', 'strategy: greedy, maxNewTokens: 12'), [['stop', { minTokens: 12, maxTokens: 12 }]]],
    ['those that may end before', SMALL.replace('strategy: greedy', 'strategy: greedy, minNewTokens: 2'), [['stop', { minTokens: 2, maxTokens: 16 }]]],
    ['those that begin with the start token', SMALL.replace('strategy: greedy', 'strategy: sample').replace('prompts: original', 'prompts: none'), undefined],
    ['shorter ones of these', SMALL.replace('strategy: greedy', 'strategy: sample, maxNewTokens: 9').replace('prompts: original', 'prompts: none'), [['stop', { minTokens: 10, maxTokens: 10 }]]],
    ['answers, and a stop string', SMALL.replace('block: 16 }', 'block: 16, template: alpaca }').replace('grammar:zipf', 'file:t.jsonl, valid: file:t.jsonl, test: file:t.jsonl').replace('strategy: greedy', 'strategy: greedy, maxNewTokens: 9, stopStrings: ["##"]'), [['stop', { minTokens: 1, maxTokens: 9 }], ['cut', { at: ['##'], include: true }]]],
  ])('real text ends where a model’s would: %s', async (_, text, expected) => {
    const { conditions, population } = (await load(asked('[real-text]', text))).plan;
    const { writes } = conditions[1].members[0];
    expect(writes?.kind).toBe('real-text');
    expect(writes?.through?.map(({ name, settings }) => [name, settings])).toEqual(expected);
    // and nobody else’s plan knows of it
    expect([population[0], conditions[0].members[0]].filter((member) => 'writes' in member)).toEqual([]);
  }); // prettier-ignore

  test.each([2, 0])(
    'real text is of generation 0 alone, whether or not the experiment has %i generations',
    async (generations) => {
      const wrong = `${SMALL.replace('generations: 2', `generations: ${generations}`)}  - { name: real, mixture: { kind: replace }, override: { opt: { writes: real-text } } }\n`;
      expect(await problems(wrong)).toEqual([
        'e.yaml:17:5: conditions.1: opt writes real text in it, which is the same in every generation; give the condition generations: 0',
      ]);
    },
  );

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
    ['[real-text]', SMALL.replace('strategy: greedy', 'strategy: greedy, maxNewTokens: 20'), ['17:14: references.0: texts of 20 tokens have no counterpart among real blocks of 16; use at most 16, or a longer data.block']],
    ['[real-text]', SMALL.replace('conditions:', '  - { name: bigram, family: n-gram }\nconditions:'), ['18:14: references.0: real-text stands in for what a language model writes, and bigram is none; remove it']],
    ['[real-text]', SMALL.replace('    prompts:', '    postprocess: [dedupe, { rank: { column: nll_sum, share: 0.5 } }]\n    prompts:'), ['18:14: references.0: rank reads what a model of the run says of each text, and real text has no model; override postprocess where writes: real-text stands, with the other operators or []']],
    ['[real-text]\nmetrics: [perplexity, coverage, rouge, { name: distinct-1, of: training }]', SMALL, ['17:14: references.0: real text has no value here: no metric of this file looks at written texts alone; add one to metrics, such as distinct-2, or remove it']],
    ['[humans]', SMALL, ['17:14: references.0: unknown value "humans"; did you mean "human"?']],
    ['human', SMALL, ['17:13: references: must be a list, but is "human"']],
  ])('%s is refused where it stands (case %#)', async (words, text, expected) => {
    expect(await problems(asked(words, text))).toEqual(expected.map((problem) => `e.yaml:${problem}`));
  }); // prettier-ignore
});
