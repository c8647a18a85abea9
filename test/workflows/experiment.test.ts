/** An experiment: what it records and starts, what may be asked of it, how it ends. The window itself: window.test.ts. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import type { RunInput } from '../../workflows/contract.js';
import { makeFixture } from '../report/fixture.js';
import { standIns } from '../support/stand-ins.mjs';
import { World, installSdk } from './world.js';

installSdk();
let world: World;
const { experiment } = await import('../../workflows/experiment.js');
const { experimentProgressQuery, extendUpdate, pauseUpdate, resumeUpdate } = await import('../../workflows/contract.js');

let held: boolean;
const asked: Record<string, any[]> = {};
beforeEach(() => {
  world = new World();
  held = false;
  for (const [name, works] of Object.entries(standIns())) {
    asked[name] = [];
    world.activities[name] = async (input: any) => {
      asked[name].push(input);
      if (name === 'finetune') await world.until(() => !held);
      return works(input);
    };
  }
});
afterEach(() => world.stop());

const { plan } = makeFixture({ name: 'e', seeds: [1, 2], generations: 1, conditions: ['replace'] });
const start = (more = {}) => world.start(experiment, 'e', { plan, store: 's', document: { name: 'e' }, ...more });
const progress = () => world.query('e', experimentProgressQuery);

test('the plan is recorded first, then engines are asked, then runs are started, each with what it needs', async () => {
  expect(await start()).toMatchObject({ status: 'done', runs: 2, failed: 0, generations: 1 });
  expect(world.scheduled.slice(0, 2).map(({ name }) => name)).toEqual(['recordPlan', 'chooseEngine']);
  expect(asked.recordPlan).toMatchObject([{ store: 's', document: { name: 'e' }, plan: { name: 'e' } }]);
  const run = world.executions.get('e/replace/seed-2')!;
  expect(run.summary).toBe('run · replace/seed-2');
  expect(run.inputs[0]).toMatchObject({
    digest: await standIns().recordPlan({ plan } as never),
    engines: { 'habsburg-engine': 'stand-in' },
    startedBy: { experiment: 'e', index: 1 },
    plan: { seed: 2, generations: 1 },
  } satisfies Partial<Record<keyof RunInput, unknown>>);
  const { attributes } = world.executions.get('e')!;
  expect([attributes.get('HabsburgExperiment'), attributes.get('HabsburgPhase')]).toEqual(['e', 'done']);
});

test('cheap models need no engine, so none is asked for', async () => {
  const world = { family: 'gaussian', dimensions: 1, mean: 0, sigma: 1, estimator: 'biased' };
  const member = { name: 'm', world, sample: { size: 9, growth: 0 }, mixture: { kind: 'replace' } };
  const chains = { ...plan, population: [member], conditions: [{ name: 'replace', members: [member] }] };
  expect(await start({ plan: chains })).toMatchObject({ status: 'done' });
  expect(asked.chooseEngine).toEqual([]);
  expect(asked.simulate).toHaveLength(1);
});

test('more generations are recorded with the plan; whoever asks does not wait for the document', async () => {
  held = true;
  const outcome = start();
  await world.until(() => asked.finetune.length === 2);
  const works = world.activities.recordPlan;
  world.activities.recordPlan = async (input) => {
    await world.until(() => !held);
    return works(input);
  };
  expect(await world.update('e', extendUpdate, 2)).toBe(2);
  await expect(world.update('e', extendUpdate, 2)).rejects.toThrow('cannot extend to 2 generations');
  held = false;
  expect(await outcome).toMatchObject({ generations: 2 });
  expect(asked.recordPlan.map((input) => input.plan.generations)).toEqual([1, 2]);
});

test('a document that cannot be written is a problem, and no more than that', async () => {
  held = true;
  const outcome = start();
  await world.until(() => asked.finetune.length === 2);
  world.activities.recordPlan = () => Promise.reject(ApplicationFailure.nonRetryable('read-only', 'habsburg.invalid'));
  await world.update('e', extendUpdate, 2);
  held = false;
  expect(await outcome).toMatchObject({ failed: 0, problems: [{ run: 'e', what: 'record', message: 'read-only' }] });
});

test('a plan that cannot be recorded ends it before anything is computed', async () => {
  world.activities.recordPlan = () => Promise.reject(ApplicationFailure.nonRetryable('read-only', 'habsburg.invalid'));
  await expect(start()).rejects.toMatchObject({ cause: { message: 'read-only' } });
  expect(asked.prepare).toEqual([]);
});

test('pause and resume are refused where they change nothing', async () => {
  held = true;
  const outcome = start();
  await world.until(() => asked.finetune.length === 2);
  await expect(world.update('e', resumeUpdate)).rejects.toThrow('e is not paused');
  await world.update('e', pauseUpdate);
  expect(progress()).toMatchObject({ paused: true, running: ['replace/seed-1', 'replace/seed-2'] });
  await expect(world.update('e', pauseUpdate)).rejects.toThrow('e is paused already');
  held = false;
  await world.update('e', resumeUpdate);
  expect(await outcome).toMatchObject({ status: 'done' });
});

test('of which all runs failed it is failed itself, with what there is to say', async () => {
  world.activities.generate = () => Promise.reject(ApplicationFailure.nonRetryable('no', 'habsburg.failed'));
  const failure = await start().catch((error: unknown) => error);
  expect(failure).toMatchObject({ type: 'habsburg.experiment', nonRetryable: true, details: [{ runs: 2, failed: 2 }] });
  expect(world.executions.get('e')!.attributes.get('HabsburgPhase')).toBe('failed');
});
