/** Splits of one text, as a file says it. */
import { expect, test } from '@jest/globals';
import { planDigest } from '../../spec/digest.js';
import { SMALL, load, problems } from './support.js';

const data = (words: string) => SMALL.replace('train: grammar:zipf, block: 16', `${words}, block: 16`);
const textOf = async (words: string) => (await load(data(words))).plan.data.text;

test('splits without a source of their own are shares of train; of records by a seed', async () => {
  const all = expect.stringMatching(/^file:.*all\.txt$/) as unknown as string;
  expect(await textOf('train: file:all.txt, heldOut: { valid: 0.05, test: 0.1 }')).toMatchObject({ train: all, valid: all, test: all, heldOut: { valid: 0.05, test: 0.1 } }); // prettier-ignore
  const records = await textOf('train: file:all.jsonl, test: file:t.jsonl, template: alpaca, heldOut: { valid: 0.05 }');
  expect(records.heldOut).toEqual({ valid: 0.05, seed: 1 });
  expect([records.valid, records.test].map((source) => source.split('/').at(-1))).toEqual(['all.jsonl', 't.jsonl']);
  const hub = await textOf('train: "hf://a/b/c@main", heldOut: { valid: 0.05 }');
  expect([hub.train, hub.valid, hub.test]).toEqual(['hf://a/b/c@main#train', 'hf://a/b/c@main#train', 'hf://a/b/c@main#test']);
});

test('shares are part of what an experiment is', async () => {
  const digest = async (words: string) => planDigest((await load(data(`train: file:all.txt, heldOut: ${words}`))).plan);
  expect(await digest('{ valid: 0.05, test: 0.1 }')).toBe(await digest('{ test: 0.1, valid: 0.05 }'));
  expect(await digest('{ valid: 0.05, test: 0.1 }')).not.toBe(await digest('{ valid: 0.05, test: 0.05 }'));
});

test.each([
  ['train: grammar:zipf, heldOut: { valid: 0.1 }', ['30: data.heldOut: has no effect: a synthetic language writes each split anew; remove it']],
  ['train: file:a, test: file:b, heldOut: { valid: 0.1, test: 0.1 }', ['61: data.heldOut.test: "test" has no effect, because data.test is a text of its own; remove one of the two']],
  ['train: file:a, heldOut: { valid: 0.1 }', ['7: data.test: is required, because data.train is a file; add test: file:PATH of held-out text, or heldOut: {test: 0.05}']],
  ['train: file:a, heldOut: { valid: 0.5, test: 0.5 }', ['33: data.heldOut: holds out 100 % of the text, so that none is left to train on; use smaller shares']],
  ['train: file:a, valid: file:b, test: file:c, heldOut: {}', ['62: data.heldOut: holds out nothing; write heldOut: {valid: 0.05, test: 0.05}, or remove it']],
  ['train: file:a, heldOut: { valid: 0.1, test: 0.1, seed: 3 }', ['58: data.heldOut.seed: "seed" has no effect: of running text the last lines are held out; remove it']],
])('%s', async (words, expected) => {
  expect(await problems(data(words))).toEqual(expected.map((problem) => `e.yaml:5:${problem}`));
}); // prettier-ignore

test('n-grams beside it read whole texts', async () => {
  const beside = data('train: file:a, heldOut: { valid: 0.1, test: 0.1 }').replace('conditions:', '  - { name: bigram, family: n-gram }\nconditions:'); // prettier-ignore
  expect(await problems(beside)).toEqual(['e.yaml:5:24: data.heldOut: n-grams read every line of a text as it is; remove it, or put the n-gram into a file of its own']); // prettier-ignore
});
