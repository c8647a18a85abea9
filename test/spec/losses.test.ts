/** Losses in an experiment file: what stands in the plan, what does not, and what is refused. */
import { expect, test } from '@jest/globals';
import { textWords } from '../../kinds/text/words.js';
import { load, problems, SMALL } from './support.js';

const training = (settings: string): string => SMALL.replace('learningRate: 1e-3 }', `learningRate: 1e-3, ${settings} }`);

test('a loss stands in the plan of both stages, the cross-entropy in none', async () => {
  const loss = { kind: 'truncated', gamma: 0.9 };
  const { plan } = await load(training('loss: { kind: truncated, gamma: 0.9 }'));
  const [member] = plan.population;
  expect([member.training.loss, member.generation0.loss]).toEqual([loss, loss]);
  const said = textWords.sentence(member, plan.data.text);
  expect(said).toContain('trains by truncated cross-entropy (tokens up to 0.9) on what its mixture draws');

  const real = await load(
    training('loss: { kind: truncated, gamma: 0.9 }').replace('    decoding', '    generation0: { loss: null }\n    decoding'),
  );
  expect(real.plan.population[0].training.loss).toEqual(loss);
  expect('loss' in real.plan.population[0].generation0).toBe(false);

  const plain = await load(SMALL);
  expect((await load(training('loss: null'))).plan).toEqual(plain.plan);
  expect('loss' in plain.plan.population[0].training).toBe(false);
});

test.each([
  ['loss: truncated', /training\.loss: /],
  ['loss: { kind: truncated }', /training\.loss\.gamma: is required/],
  ['loss: { kind: truncated, gamma: 1 }', /training\.loss\.gamma: must be less than 1, but is 1/],
  ['loss: { kind: truncated, gamma: 0.5, weight: 2 }', /training\.loss\.weight: unknown key "weight"/],
  ['loss: { kind: trunkated, gamma: 0.5 }', /training\.loss\.kind: unknown value "trunkated"; did you mean "truncated"\?/],
])('%s is refused', async (settings, message) => {
  const found = await problems(training(settings));
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(message);
});
