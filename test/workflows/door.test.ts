/** What a workflow does with what the worker could not open. */
import { expect, test } from '@jest/globals';
import type { WorkflowInboundCallsInterceptor } from '@temporalio/workflow';
import { REFUSED } from '../../common/refused.js';
import { World, installSdk } from './world.js';

installSdk();
const { interceptors } = await import('../../workflows/door.js');
const [door] = interceptors().inbound! as Required<WorkflowInboundCallsInterceptor>[];
const world = new World();
/** The answer, whether it was handed on at all, and what was refused. */
async function through(call: keyof typeof door, args: readonly unknown[]) {
  let asked = false;
  const next = () => ((asked = true), 'done');
  const work = () =>
    Promise.resolve().then(() => (door[call] as (...all: unknown[]) => unknown)({ args, signalName: 's' }, next));
  const answer: unknown = await world.start(work, `w-${Math.random()}`, {}).catch((error: unknown) => error);
  return { answer, asked };
}

test('a start without input, or with one that could not be opened, ends at once; a refusal is final', async () => {
  for (const args of [[], [REFUSED], [{ plan: 1 }, REFUSED]]) {
    const { answer, asked } = await through('execute', args);
    expect(answer).toMatchObject({ type: 'habsburg.invalid', message: REFUSED.refused, nonRetryable: true });
    expect(asked).toBe(false);
  }
  expect(await through('execute', [{ plan: 1 }])).toEqual({ answer: 'done', asked: true });
});

test('updates and queries are refused, and those that could be opened go on, without arguments, too', async () => {
  for (const call of ['validateUpdate', 'handleUpdate', 'handleQuery'] as const) {
    expect(await through(call, [REFUSED])).toMatchObject({ answer: { message: REFUSED.refused }, asked: false });
    for (const args of [[], [3], [null]]) expect((await through(call, args)).asked).toBe(true);
  }
});

test('a signal is dropped and logged: it must not fail the workflow', async () => {
  expect(await through('handleSignal', [REFUSED])).toEqual({ answer: undefined, asked: false });
  expect(world.logged).toMatchObject([{ message: expect.stringContaining('the signal s is dropped') }]);
  expect((await through('handleSignal', [true])).asked).toBe(true);
});
