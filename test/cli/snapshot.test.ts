/** What became of an experiment, out of what Temporal says of its workflow: failed with a result, or unable to answer. */
import { describe, expect, test } from '@jest/globals';
import type { Client } from '@temporalio/client';
import { QueryNotRegisteredError, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, RetryState } from '@temporalio/common';
import { sentenceOf } from '../../cli/ended.js';
import { snapshot } from '../../cli/snapshot.js';
import { ALL_RUNS_FAILED, type ExperimentResult } from '../../workflows/contract.js';

interface Fake {
  readonly status: string;
  /** of a workflow task that is tried again */
  readonly attempt?: number;
  readonly result?: () => Promise<unknown>;
  readonly query?: () => Promise<unknown>;
  readonly children?: readonly string[];
  /** the build that it is pinned to */
  readonly pinned?: string;
  /** seconds that a task has waited for a worker */
  readonly waits?: number;
}

/** A server that knows these workflows, and of each the failure of one workflow task. */
function clientOf(
  workflows: Readonly<Record<string, Fake>>,
  taskFailure = '',
  pollers: readonly object[] = [],
  current?: string,
): Client {
  return {
    options: { namespace: 'default' },
    workflow: {
      getHandle: (workflowId: string) => {
        const { status, attempt, result, query, children = [], pinned, waits } = workflows[workflowId];
        const waiting = waits !== undefined && { state: 1, scheduledTime: { seconds: Math.floor(Date.now() / 1000) - waits } };
        const versioningInfo = pinned && { behavior: 1, deploymentVersion: { deploymentName: 'd', buildId: pinned } };
        return {
          workflowId,
          describe: async () => ({
            raw: {
              pendingWorkflowTask: { attempt, ...waiting },
              pendingChildren: children.map((child) => ({ workflowId: child })),
              workflowExecutionInfo: { versioningInfo },
            },
            status: { name: status },
            startTime: new Date(0),
            ...(status === 'RUNNING' ? {} : { closeTime: new Date(1000) }),
          }),
          result,
          query,
        };
      },
    },
    workflowService: {
      describeTaskQueue: async () => ({ pollers }),
      describeWorkerDeployment: async () => ({
        workerDeploymentInfo: { routingConfig: { currentDeploymentVersion: current && { buildId: current } } },
      }),
      getWorkflowExecutionHistoryReverse: async () => ({
        history: { events: [{}, { workflowTaskFailedEventAttributes: { cause: 0, failure: { message: taskFailure } } }] },
      }),
    },
  } as unknown as Client;
}
const failed = (cause: Error) => () => Promise.reject(new WorkflowFailedError('Workflow execution failed', cause, RetryState.RETRY_POLICY_NOT_SET)); // prettier-ignore
const refused = (message: string) => () => Promise.reject(new QueryNotRegisteredError(message, 3));

describe('a failed workflow', () => {
  const result = { status: 'failed', runs: 2, failed: 2, failures: [], generations: 3 } as unknown as ExperimentResult;

  test('of which all runs failed says as much as one that is done', async () => {
    const failure = ApplicationFailure.create({ type: ALL_RUNS_FAILED, message: 'all 2 runs failed', details: [result] });
    const client = clientOf({ e: { status: 'FAILED', result: failed(failure) } });
    expect(await snapshot(client, 'e', { standing: true })).toMatchObject({ status: 'failed', result, endedAt: '1970-01-01T00:00:01.000Z' }); // prettier-ignore
  });

  test('that failed as a whole has a reason and no result', async () => {
    const failure = ApplicationFailure.create({ type: 'habsburg.invalid', message: 'the plan is not readable' });
    const state = await snapshot(clientOf({ e: { status: 'FAILED', result: failed(failure) } }), 'e', { standing: true });
    expect(state).toMatchObject({ status: 'failed', failure: 'the plan is not readable' });
    expect(state.result).toBeUndefined();
  });
});

describe('a workflow that cannot answer', () => {
  const running = { status: 'RUNNING', query: async () => ({ running: [], paused: false }) };
  const nondeterminism = '[TMPRL1100] Nondeterminism error: Timer machine does not handle this event';

  test.each([
    ['other workflow code', nondeterminism, true],
    ['a fault of its code', 'steps.record is not a function', false],
  ])('for %s is stuck, though it waits and no task of it fails', async (_, reason, otherCode) => {
    const whole = clientOf({ e: { status: 'RUNNING', query: refused(`  ${reason}\n`) } });
    expect(await snapshot(whole, 'e', { standing: true })).toMatchObject({
      status: 'stuck',
      trouble: { workflow: 'e', reason, otherCode },
    });
    const run = clientOf({
      e: { ...running, query: async () => ({ running: ['a/seed-1'], paused: false }) },
      'e/a/seed-1': { status: 'RUNNING', query: refused(reason) },
    });
    expect(await snapshot(run, 'e', { standing: true })).toMatchObject({
      status: 'stuck',
      trouble: { workflow: 'e/a/seed-1', reason, otherCode },
    });
  });

  test('because it has just begun is running', async () => {
    const query = refused('Workflow did not register a handler for progress. Registered queries: [__stack_trace]');
    expect(await snapshot(clientOf({ e: { status: 'RUNNING', query } }), 'e', { standing: true })).toMatchObject({ status: 'running' }); // prettier-ignore
  });

  test('because nobody serves the version that it is pinned to is stuck, and is not asked', async () => {
    const seconds = Math.floor(Date.now() / 1000);
    const poller = (buildId: string, age: number) => ({
      deploymentOptions: { buildId },
      lastAccessTime: { seconds: seconds - age },
    });
    const query = () => new Promise<never>(() => undefined);
    const workflows = {
      e: { ...running, pinned: '2', query: async () => ({ running: ['a/seed-1'], paused: false }) },
      'e/a/seed-1': { status: 'RUNNING', pinned: '1', query },
    };
    const trouble = { workflow: 'e/a/seed-1', version: 'd:1', otherCode: false };
    for (const pollers of [[poller('2', 3)], [poller('2', 3), poller('1', 90)]])
      expect(await snapshot(clientOf(workflows, '', pollers), 'e', { standing: true })).toMatchObject({
        status: 'stuck',
        trouble,
      });
    const both = clientOf({ ...workflows, 'e/a/seed-1': { ...running, pinned: '1' } }, '', [poller('2', 3), poller('1', 60)]);
    expect(await snapshot(both, 'e', { standing: true })).toMatchObject({ status: 'running' });
  });

  test('because no version of the workers is current is stuck, with the command that makes one so', async () => {
    const poller = (buildId?: string) => ({
      ...(buildId !== undefined && { deploymentOptions: { buildId } }),
      lastAccessTime: { seconds: Math.floor(Date.now() / 1000) },
    });
    const none = () => Promise.reject(Object.assign(new Error('deadline exceeded'), { code: 4 }));
    const waiting = { e: { status: 'RUNNING', query: none, waits: 20 } };
    const state = await snapshot(clientOf(waiting, '', [poller('1')]), 'e', { standing: true });
    expect(state).toMatchObject({ status: 'stuck', trouble: { workflow: 'e', noneCurrent: ['1'], otherCode: false } });
    expect(sentenceOf(state)).toBe(
      'e waits, because no version of the workflow code is current, so that no workflow begins; run temporal worker deployment set-current-version --deployment-name habsburg-workflow --build-id 1, or start habsburg worker without --no-current',
    );
    const two = await snapshot(clientOf(waiting, '', [poller('2'), poller('1')]), 'e', { standing: true });
    expect(sentenceOf(two)).toContain('--build-id BUILD for one of 1 and 2, or');
    // one that has just been started, one is current, workers without versions, none at all, or it is pinned to what is served
    const others: [typeof waiting, object[], string?][] = [
      [{ e: { ...waiting.e, waits: 5 } }, [poller('1')]],
      [waiting, [poller('1')], '1'],
      [waiting, [poller('1'), poller()]],
      [waiting, []],
      [{ e: { ...waiting.e, pinned: '1' } as never }, [poller('1')]],
    ];
    for (const [workflows, pollers, current] of others)
      expect(await snapshot(clientOf(workflows, '', pollers, current), 'e', { standing: true })).toMatchObject({
        status: 'running',
      });
  });

  test.each([
    [2, 'running'],
    [3, 'stuck'],
  ])('because its task fails is stuck from the third time on: at %s it is %s', async (attempt, status) => {
    const client = clientOf({ e: { ...running, attempt } }, 'boom\n  at once');
    const state = await snapshot(client, 'e', { standing: true });
    expect([state.status, state.trouble?.reason]).toEqual([status, status === 'stuck' ? 'boom at once' : undefined]);
  });
});
