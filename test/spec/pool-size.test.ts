/** A pool that is too small for what is asked of it, a circle, a sum that is not one: refused before anything runs. */
import { describe, expect, test } from '@jest/globals';
import { SMALL, problems } from './support.js';

const of = (mixture: string, { sample = '', limit = 20, generations = 2, decoding = '{ strategy: sample }' } = {}) =>
  SMALL.replace('block: 16', `block: 16, limit: { train: ${limit} }`)
    .replace('generations: 2', `generations: ${generations}`)
    .replace('{ strategy: greedy }', decoding)
    .replace('    prompts:', `    ${sample && `sample: ${sample}`}\n    prompts:`)
    .replace('mixture: { kind: replace }', `mixture: ${mixture}`);
const FRESH = '[{ from: real, take: { share: 0.5 }, draw: fresh }, { from: self, take: { share: 0.5 } }]';
const sentence = (place: string, what: string, there = 20) => `e.yaml:${place}: ${what}, and data.train has ${there} at most; lower the member’s sample, or raise data.limit.train`; // prettier-ignore

describe('records that are used up', () => {
  test('are counted over all generations: 10, 5 and 5 are 20', async () => {
    expect(await problems(of(FRESH, { sample: '10' }))).toEqual([]);
    expect(await problems(of(FRESH, { sample: '10', generations: 3 }))).toEqual([
      sentence('17:57', 'conditions.0.mixture.0.draw: generations 0 to 3 take 25 real records, none of them twice'),
    ]);
    // as far as the condition goes
    expect(await problems(`${of(FRESH, { sample: '10', generations: 3 })}    generations: 2\n`)).toEqual([]);
  });

  test('with growth, under a rule by name, and of generation 0 alone', async () => {
    expect(await problems(of('{ kind: fresh, share: 0.5 }', { sample: '{ size: 8, growth: 1 }' }))).toEqual([
      sentence('17:22', 'conditions.0.mixture.kind: generations 0 to 2 take 28 real records, none of them twice'),
    ]);
    expect(await problems(of('{ kind: replace }', { sample: '21' }))).toEqual([
      sentence('17:14', 'conditions.0.mixture: generation 0 takes 21 real records'),
    ]);
    // model -1 is human: generation 1 has no model before the last
    const before = '[{ from: self, generation: -2, take: { share: 0.5 }, draw: fresh }, { from: self, take: { share: 0.5 } }]';
    expect(await problems(of(before, { sample: '14' }))).toEqual([
      sentence('17:73', 'conditions.0.mixture.0.draw: generations 0 to 2 take 21 real records, none of them twice'),
    ]);
    expect(await problems(of(before, { sample: '13' }))).toEqual([]);
  });
});

describe('a count', () => {
  test.each([
    ['[{ from: self, take: { count: 21 } }]', {}, ['17:35: conditions.0.mixture.0.take: asks for 21 records of a set that has 20 at most; lower the count, or raise data.limit.train']],
    ['[{ from: real, take: { count: 21 } }, { from: self }]', {}, ['17:35: conditions.0.mixture.0.take: asks for 21 records of a set that has 20 at most; lower the count, or raise data.limit.train']],
    ['[{ from: real, take: { count: 6 } }, { from: self }]', { sample: '5' }, ['17:35: conditions.0.mixture.0.take: asks for 6 records of a set that has 5 at most; lower the count, or raise sample']],
    ['[{ from: self, take: { count: 40 } }]', { decoding: '{ strategy: sample, numReturnSequences: 2 }' }, []],
    ['[{ from: self, take: { count: 21 } }]', { sample: '5' }, []],
    ['[{ from: [real, self], generation: all, take: { count: 21 } }]', {}, []],
    ['[{ from: self, take: { count: 21 } }]', { generations: 0 }, []],
  ])('%s (case %#)', async (mixture, settings, expected) => {
    expect(await problems(of(mixture, settings))).toEqual(expected.map((problem) => `e.yaml:${problem}`));
  }); // prettier-ignore
});

test('two that wait for each other, and shares that do not add up', async () => {
  const member = (name: string, mixture: string) => `  - { name: ${name}, base: { kind: scratch, architecture: { hidden: 16, layers: 1, heads: 2 } }, start: base, training: { epochs: 1, batch: 4, learningRate: 1e-3 }, decoding: { strategy: sample }, prompts: original, mixture: ${mixture} }\n`; // prettier-ignore
  const two = (a: string, b: string) =>
    SMALL.replace(/ {2}- name: opt[^]*/, `${member('a', a)}${member('b', b)}conditions:\n  - name: ring\n`);
  expect(await problems(two('[{ from: b, generation: current }]', '[{ from: a, generation: current }]'))).toEqual([
    expect.stringMatching(/^e\.yaml:8:\d+: population\.0\.mixture: a trains on b trains on a, all of the same generation: none can be first; let one of them read generation: previous$/), // prettier-ignore
  ]);
  // two members that read the same words are told of it once
  const both = `${two('X', 'X').replaceAll(', mixture: X', '')}    mixture: [{ from: real, take: { share: 0.5 } }, { from: self, take: { share: 0.6 } }]\n`;
  expect(await problems(both)).toEqual([
    'e.yaml:12:14: conditions.0.mixture: the shares sum to 1.1, not 1; change one of them, or give counts',
  ]);
  expect(
    await problems(two('[{ from: b, take: { share: 0.5 } }, { from: self, take: { share: 0.4 } }]', '[{ from: a }]')),
  ).toEqual([
    expect.stringMatching(/^e\.yaml:8:\d+: population\.0\.mixture: the shares sum to 0\.9, not 1; change one of them, or give counts$/), // prettier-ignore
  ]);
});
