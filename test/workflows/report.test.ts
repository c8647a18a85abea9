/** A run's last word. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { RunEnding, RunInput, RunResult } from '../../workflows/contract.js';
import { World, installSdk } from './world.js';

installSdk();
let world: World;
const { setHandler } = await import('@temporalio/workflow');
const { endedSignal } = await import('../../workflows/contract.js');
const { isEnding, reported } = await import('../../workflows/report.js');

/** what the experiment heard */
let heard: RunEnding[];
beforeEach(() => {
  world = new World();
  heard = [];
  const experiment = async () => {
    setHandler(endedSignal, (ending) => void heard.push(ending));
    await new Promise(() => undefined);
  };
  world.launch(experiment, 'e', {});
});
afterEach(() => world.stop());

const startedBy = { experiment: 'e', index: 4, turn: 't' };
const result = { generations: 3, steps: { computed: 1, reused: 2 }, problems: [], problemCount: 0 } as unknown as RunResult;
const run = (work: () => Promise<RunResult>, input: Partial<RunInput> = { startedBy }) =>
  world.start(() => reported(input as RunInput, work), 'e/run', {}).catch((error: unknown) => error);

test('what it came to, or why it came to nothing, under its index and turn', async () => {
  expect(await run(async () => result)).toEqual(result);
  const failure = ApplicationFailure.create({ type: 'habsburg.resources', message: 'the disk is full' });
  expect(await run(() => Promise.reject(failure))).toBe(failure);
  await run(() => Promise.reject(new CancelledFailure('c')));
  const who = { index: 4, turn: 't' };
  expect(heard).toEqual([
    { ...who, result },
    { ...who, failure: { kind: 'resources', message: 'the disk is full' } },
    { ...who, failure: { kind: 'canceled', message: 'cancelled' } },
  ]);
});

test('nothing where the code fails: the run goes on when that is mended; nor where nobody started it', async () => {
  expect(String(await run(() => Promise.reject(new TypeError('a bug'))))).toContain('a bug');
  expect(await run(async () => result, {})).toEqual(result);
  expect(heard).toEqual([]);
});

test('an experiment that is over costs the run nothing', async () => {
  world.terminate('e');
  expect(await run(async () => result)).toEqual(result);
  expect(world.logged).toMatchObject([{ message: 'the experiment of this run is over', meta: { experiment: 'e' } }]);
});

test('what is no last word is told from one', () => {
  const who = { index: 0, turn: 't' };
  const failure = { kind: 'failed', message: 'm' };
  for (const good of [
    { ...who, result },
    { ...who, failure },
  ])
    expect(isEnding(good)).toBe(true);
  for (const bad of [
    null,
    undefined,
    3,
    who,
    { ...who, index: '0', result },
    { index: 0, result },
    { ...who, failure: { kind: 'failed' } },
    { ...who, result: { ...result, generations: -1 } },
    { ...who, result: { ...result, steps: { computed: 1 } } },
    { ...who, result: {} },
  ])
    expect(isEnding(bad)).toBe(false);
});
