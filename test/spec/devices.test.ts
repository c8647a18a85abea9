/** execution.device: where it may stand, and that it is part of a step's place but of nothing that a plan without it has. */
import { expect, test } from '@jest/globals';
import { load, problems, SMALL } from './support.js';

test('is one of the devices, and absent unless it is given', async () => {
  expect('device' in (await load(SMALL)).plan.execution).toBe(false);
  const { plan } = await load(`${SMALL}execution: { device: webgpu }\n`);
  expect(plan.execution.device).toBe('webgpu');
});

test('another word, or another place, is refused by line', async () => {
  expect(await problems(`${SMALL}execution: { device: webgp }\n`)).toEqual([
    'e.yaml:17:22: execution.device: unknown value "webgp"; did you mean "webgpu"?',
  ]);
  expect((await problems(`${SMALL}device: webgpu\n`))[0]).toMatch(/e.yaml:17:1: device: unknown key "device"/);
});

test('cheap models, which no device computes, do not take it', async () => {
  const toy = `schemaVersion: 1
name: toy
seeds: [1]
generations: 1
population: [{ name: g, family: gaussian, sample: 10 }]
conditions: [{ name: replace, mixture: { kind: replace } }]
execution: { device: webgpu }
`;
  expect((await problems(toy))[0]).toMatch(/e.yaml:7:14: execution.device: has no effect: cheap models are plain arithmetic/);
});
