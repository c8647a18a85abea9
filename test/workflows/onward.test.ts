/** When a workflow goes on in a new execution, and on which version of the workers. */
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import * as real from '@temporalio/workflow';
import { World } from './world.js';

let info = { continueAsNewSuggested: false, targetWorkerDeploymentVersionChanged: false, historyLength: 10 };
let slept: number[];
/** what the server says after each pause; the last holds on */
let says: boolean[];
const continued: unknown[] = [];
jest.unstable_mockModule('@temporalio/workflow', () => ({
  ...real,
  workflowInfo: () => ({ ...info, targetWorkerDeploymentVersionChanged: says[Math.min(slept.length, says.length - 1)] }),
  sleep: async (ms: number) => void slept.push(ms),
  makeContinueAsNewFunc: (options: unknown) => async (input: unknown) => void continued.push([options, input]),
}));
const { SEVERAL_LOOKS, goOnward, hasOtherVersion, isLong, shouldGoOnward } = await import('../../workflows/onward.js');

let world: World;
beforeEach(() => {
  world = new World();
  info = { ...info, continueAsNewSuggested: false, historyLength: 10 };
  slept = [];
  says = [false];
});
afterEach(() => world.stop());

test('a history is long when the server says so, or where a limit is given, at the limit and not before', () => {
  expect(isLong()).toBe(false);
  info.continueAsNewSuggested = true;
  expect(isLong()).toBe(true);
  expect([isLong(10), isLong(11)]).toEqual([true, false]);
});

test('another version is believed only if it is still said after every pause', async () => {
  expect(await hasOtherVersion([1])).toBe(false);
  expect(slept).toEqual([]);
  says = [true, false];
  expect(await hasOtherVersion([1])).toBe(false);
  slept = [];
  says = [true];
  expect(await hasOtherVersion(SEVERAL_LOOKS)).toBe(true);
  expect(slept).toEqual([2000, 5000, 10_000]);
  slept = [];
  says = [true, true, false];
  expect(await hasOtherVersion(SEVERAL_LOOKS)).toBe(false);
  expect(slept).toEqual([2000, 5000]);
});

test('a long history goes on at once, another version after a look of a second', async () => {
  says = [true];
  expect([await shouldGoOnward(10), slept]).toEqual([true, []]);
  expect([await shouldGoOnward(), slept]).toEqual([true, [1000]]);
  slept = [];
  says = [false];
  expect(await shouldGoOnward()).toBe(false);
});

test('it continues on the present version, and would be told of no later one if it did not say so', async () => {
  await goOnward<(input: number) => Promise<void>>(7);
  expect(continued).toEqual([[{ initialVersioningBehavior: 'AUTO_UPGRADE' }, 7]]);
});
