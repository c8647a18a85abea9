/** simulate: a block of chains over a range of generations as one step, and what determines it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { simulateActivity } from '../../activities/simulate.js';
import type { SimulateInput, StepResult } from '../../activities/types.js';
import { sha256 } from '../../common/canonical.js';
import { familyNamed } from '../../kinds/chains/host/index.js';
import { STATE_FILE } from '../../kinds/chains/host/simulate.js';
import type { SimulateJob } from '../../kinds/host/types.js';
import { SERIES_FILE } from '../../spec/results.js';
import { Workplace } from '../support/workplace.js';

/** the real texts, and the state, that the engine was given */
let given: Record<string, string>;
const at = new Workplace(async (job) => {
  const { outState, outSeries, tied = [], text, state, member } = job as SimulateJob;
  given = {
    ...(text && { train: readFileSync(text.train, 'utf8'), test: readFileSync(text.test, 'utf8') }),
    ...(state && { state: readFileSync(join(state, STATE_FILE), 'utf8') }),
  };
  writeFileSync(join(outState, STATE_FILE), 'states\n');
  writeFileSync(join(outSeries, SERIES_FILE), `{"of":"${member.name}"}`);
  for (const one of tied) writeFileSync(join(one.outSeries, SERIES_FILE), `{"of":"${one.member.name}"}`);
  return { chains: 2 };
});
afterAll(() => at.remove());

const world = { family: 'gaussian', dimensions: 1, mean: 0, sigma: 1, estimator: 'biased' } as const;
const member = { name: 'm', world, sample: { size: 10, growth: 0 } };
const input: SimulateInput = {
  place: at.place({ seed: 1, generation: 3 }),
  member,
  mixture: { kind: 'replace' },
  seeds: [1, 2],
  to: 9,
};
const simulate = (more: Partial<SimulateInput> = {}) => at.do(simulateActivity, { ...input, ...more });
const ask = (one: SimulateInput) => at.do(simulateActivity, one);
const factsOf = async ({ outputs }: StepResult, name: string) => (await at.store.manifest(outputs[name].digest)).facts;

test('the chains’ states to go on from, and all that was measured', async () => {
  const state = await at.publish('model', { [STATE_FILE]: 'before\n' });
  const result = await simulate({ state });
  expect(given).toEqual({ state: 'before\n' });
  expect(at.jobs.at(-1)).toMatchObject({ op: 'simulate', family: 'gaussian', member, seeds: [1, 2], from: 3, to: 9 });
  expect(Object.keys(result.outputs).sort()).toEqual(['series', 'state']);
  expect(await factsOf(result, 'state')).toEqual({ generation: 9, chains: 2 });
  expect(await factsOf(result, 'series')).toEqual({ from: 3, to: 9, chains: 2 });
});

test('members that move on together leave a series each', async () => {
  const other = { member: { ...member, name: 'n' }, mixture: { kind: 'accumulate' } as const };
  const { outputs } = await simulate({ tied: [other] });
  expect(Object.keys(outputs).sort()).toEqual(['series-m', 'series-n', 'state']);
  for (const name of ['m', 'n']) expect(await at.json(outputs[`series-${name}`], SERIES_FILE)).toEqual({ of: name });
});

test('a text is known by what it holds, and the engine reads it from a folder of the step', async () => {
  for (const split of ['train', 'test']) writeFileSync(join(at.root, split), `${split}\n`);
  const data = { train: `file:${join(at.root, 'train')}`, test: `file:${join(at.root, 'test')}` };
  const words = { ...member, world: { family: 'n-gram', order: 2 } as never };
  const result = await simulate({ member: words, data });
  expect(given).toEqual({ train: 'train\n', test: 'test\n' });
  const { parameters, sources } = await at.stated(result);
  expect(parameters).toMatchObject({ text: { train: sha256('train\n'), test: sha256('test\n') } });
  expect(JSON.stringify(parameters)).not.toContain(at.root);
  expect(Object.keys(sources).sort()).toEqual(['test', 'train']);
});

test('what moves the chains is the key, and how it is measured; what one alone is called is not a parameter', async () => {
  const others: Record<string, SimulateInput> = {
    world: { ...input, member: { ...member, world: { ...world, sigma: 2 } } },
    sample: { ...input, member: { ...member, sample: { size: 11, growth: 0 } } },
    mixture: { ...input, mixture: { kind: 'accumulate' } },
    phases: { ...input, phases: [{ from: 0, mixture: { kind: 'replace' } }] },
    tied: { ...input, tied: [{ member: { ...member, name: 'n' }, mixture: { kind: 'replace' } }] },
    seeds: { ...input, seeds: [1, 2, 3] },
    to: { ...input, to: 10 },
    state: { ...input, state: await at.publish('model', { [STATE_FILE]: 'others\n' }) },
    from: { ...input, place: { ...input.place, generation: 4 } },
    // doubles are doubles: no engine, no device and no name
    device: { ...input, place: { ...input.place, device: 'webgpu' } },
    name: { ...input, member: { ...member, name: 'another' } },
  };
  expect(await at.changed(ask, input, others)).toEqual(Object.keys(others).slice(0, -2));
  const { parameters } = await at.stated(await simulate());
  const { version, measures } = familyNamed('gaussian');
  expect(parameters).toEqual({
    world,
    sample: member.sample,
    familyVersion: version,
    measures: measures.map((one) => `${one.metric}/${one.variant}@${one.version}`),
    mixture: { kind: 'replace' },
    seeds: [1, 2],
    to: 9,
  });
});

test('an attempt goes on from the last checkpoint of the one before', async () => {
  expect(await at.resumes(simulateActivity, { ...input, place: at.place({ seed: 50 }) })).toBe(true);
});
