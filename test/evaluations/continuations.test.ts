/** What real text says where a model wrote. */
import { expect, test } from '@jest/globals';
import { continuations } from '../../evaluations/continuations.js';
import { rouge } from '../../evaluations/rouge.js';
import { textsFrom } from './support.js';

const named = (ids: readonly string[], texts: readonly string[]) => ({ ...textsFrom([], texts), ids });
const written = (...prompts: (string | undefined)[]) => ({
  ...textsFrom(
    [],
    prompts.map(() => 'x'),
  ),
  prompts,
});

test('in running text the block that follows the prompt, where it is there', () => {
  const prompts = named(['train/000009', 'train/000010', 'train/000012'], ['nine', 'ten', 'twelve']);
  const found = continuations(written('train/000010', 'train/000009', 'train/000012', 'nowhere', undefined), prompts);
  expect(found).toEqual([[], ['ten'], [], [], []]);
});

test('with a template the real answer to the prompt; what a model wrote is no reference', () => {
  const real = { ...named(['train/000001', 'train/000000'], ['answer', 'other']), openings: ['question', 'another'] };
  expect(continuations(written('train/000000', 'train/000001'), real)).toEqual([['other'], ['answer']]);
  expect(continuations(written('train/000000', 'train/000001'), { ...real, written: [true, false] })).toEqual([['other'], []]);
  const blocks = { ...named(['g1/a/000000', 'g1/a/000001'], ['one', 'two']), written: [true, true] };
  expect(continuations(written('g1/a/000000'), blocks)).toEqual([[]]);
});

test('a text without a reference is left out, and n says so', () => {
  const input = { records: { generated: textsFrom([], ['a b', 'c']) }, tables: {}, references: [['a b'], []] };
  expect(rouge.compute(input, { stemmer: false })[0]).toMatchObject({ value: 1, n: 1 });
  expect(rouge.compute({ ...input, references: [[], []] }, { stemmer: false })).toEqual([]);
});
