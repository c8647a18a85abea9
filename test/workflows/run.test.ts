/** A run: what it prepares, what may be asked of it, and that it goes over everything once more where a result was damaged. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import type { FinetuneInput, PrepareInput } from '../../activities/types.js';
import { sha256 } from '../../common/canonical.js';
import { expand } from '../../spec/expand.js';
import type { RunInput } from '../../workflows/contract.js';
import { makeFixture } from '../report/fixture.js';
import { standIns } from '../support/stand-ins.mjs';
import { World, installSdk } from './world.js';

installSdk();
let world: World;
const { checkExtension, run } = await import('../../workflows/run.js');
const { extendUpdate, pauseUpdate, resumeUpdate, runProgressQuery, setGenerationsSignal, setPausedSignal } =
  await import('../../workflows/contract.js');

/** fine-tunings that wait, by generation */
let held: Set<number>;
const inputs: Record<string, any[]> = {};
beforeEach(() => {
  world = new World();
  held = new Set();
  for (const [name, works] of Object.entries(standIns())) {
    inputs[name] = [];
    world.activities[name] = async (input: any) => {
      inputs[name].push(input);
      if (name === 'finetune') await world.until(() => !held.has(input.place.generation));
      return works(input);
    };
  }
});
afterEach(() => world.stop());

const ID = 'e/replace/seed-1';
const { plan: whole } = makeFixture({ name: 'e', seeds: [1], generations: 2, conditions: ['replace'] });
const [plan] = expand(whole);
const start = (more: Partial<RunInput> = {}) =>
  world.start(run, ID, { plan, digest: sha256('plan'), store: 's', engines: { 'habsburg-engine': 'an engine' }, ...more });
const damaged = () => {
  const details = [{ damagedInput: 'sha256:1' }];
  return ApplicationFailure.create({ type: 'habsburg.verification', message: 'damaged', nonRetryable: true, details });
};

test('what it starts from is nobody’s: the same for all seeds; each step is for the engine that was chosen', async () => {
  expect(await start()).toMatchObject({ generations: 2, steps: { computed: 1 + 3 * 2 + 2 + 3, reused: 0 } });
  const [prepare] = inputs.prepare as PrepareInput[];
  expect(prepare).toMatchObject({ kind: 'text', place: { seed: 0, generation: 0, member: '' }, data: whole.data.text, tokenizer: { kind: 'bpe' } }); // prettier-ignore
  for (const { place } of inputs.finetune as FinetuneInput[])
    expect(place).toMatchObject({ seed: 1, member: 'opt', engine: 'an engine' });
  expect(world.executions.get(`${ID}/evaluations/0`)!.summary).toBe('evaluate · replace/seed-1 · generation 0');
  const { attributes } = world.executions.get(ID)!;
  expect([attributes.get('HabsburgPhase'), attributes.get('HabsburgGeneration')]).toEqual(['done', 2]);
});

test('it continues as new between generations, prepares once, and goes on where it was', async () => {
  expect(await start({ eventLimit: 5 })).toMatchObject({ generations: 2 });
  expect(world.executions.get(ID)!.inputs.length).toBe(3);
  expect(inputs.prepare).toHaveLength(1);
  expect(inputs.finetune.map(({ place }) => place.generation)).toEqual([0, 1, 2]);
});

test('where a step read something damaged it goes over everything once more, with every file hashed', async () => {
  const works = world.activities.sample;
  let times = 0;
  world.activities.sample = async (input) => (times++ === 0 ? Promise.reject(damaged()) : works(input));
  expect(await start()).toMatchObject({ generations: 2 });
  const { inputs: executions } = world.executions.get(ID)!;
  expect(executions.map((one) => (one as RunInput).heals)).toEqual([undefined, 1]);
  expect(inputs.prepare.map(({ place }) => place.deep)).toEqual([undefined, true]);
});

test('twice, and then it fails with the reason', async () => {
  world.activities.sample = () => Promise.reject(damaged());
  const failure = await start().catch((error: Error) => error);
  expect((failure as Error).cause).toMatchObject({ message: 'damaged' });
  expect(world.executions.get(ID)!.inputs).toHaveLength(3);
  expect(inputs.record.map(({ document }) => document.status).filter(Boolean)).toEqual([
    'running',
    'running',
    'running',
    'failed',
  ]);
});

test('an operator may pause it, resume it and ask for more; what makes no sense is refused with a sentence', async () => {
  held.add(1);
  const outcome = start();
  await world.until(() => inputs.finetune.length === 2);
  await world.update(ID, pauseUpdate);
  await expect(world.update(ID, pauseUpdate)).rejects.toThrow('replace/seed-1 is paused already');
  expect(world.query(ID, runProgressQuery)).toMatchObject({ phase: 'paused', generation: 1, steps: ['finetune'] });
  expect(await world.update(ID, extendUpdate, 3)).toBe(3);
  for (const n of [3, 2, 1.5, '4', 1e7]) await expect(world.update(ID, extendUpdate, n)).rejects.toThrow(/cannot extend to/);
  await world.update(ID, resumeUpdate);
  await expect(world.update(ID, resumeUpdate)).rejects.toThrow('is not paused');
  held.clear();
  expect(await outcome).toMatchObject({ generations: 3 });
});

test('a signal that makes no sense is ignored, and logged', async () => {
  held.add(0);
  const outcome = start();
  await world.until(() => inputs.finetune.length === 1);
  for (const value of ['yes', null, 1]) await world.signal(ID, setPausedSignal, value);
  for (const value of [-1, 'many', undefined]) await world.signal(ID, setGenerationsSignal, value);
  expect(world.logged.map(({ message }) => message)).toEqual(new Array(6).fill('a signal that makes no sense is ignored'));
  held.clear();
  expect(await outcome).toMatchObject({ generations: 2 });
});

test('an extension is a whole number above the present last generation, up to a million', () => {
  for (const n of [4, 1_000_000]) expect(() => checkExtension(n, 3)).not.toThrow();
  for (const n of [3, 0, -1, 3.5, NaN, 1_000_001, '5', undefined])
    expect(() => checkExtension(n, 3)).toThrow(/give a whole number above 3, at most 1000000/);
});
