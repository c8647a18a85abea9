/** When a workflow goes on in a new execution, and on which version of the workers. */
import { makeContinueAsNewFunc, sleep, workflowInfo } from '@temporalio/workflow';
import type { Workflow } from '@temporalio/workflow';

/**
 * Whether the history is long, or the workers have another version by now. Takes a second in the latter case.
 */
export async function shouldGoOnward(eventLimit?: number): Promise<boolean> {
  return isLong(eventLimit) || hasOtherVersion(ONE_LOOK);
}

const ONE_LOOK = [1];
/** For a workflow to which much happens all the time. */
export const SEVERAL_LOOKS = [2, 5, 10];

/**
 * Whether the workers have another version: a pinned workflow stays on the version that it began with, and is told so with each of its
 * tasks. The server (1.31) says so, too, of every task that it hands out in answer to the task before, whatever there is. So it is
 * believed where it is still said after a pause, of a task that something else has brought about.
 * @param pauses in seconds
 */
export async function hasOtherVersion(pauses: readonly number[]): Promise<boolean> {
  for (const seconds of pauses) {
    if (!workflowInfo().targetWorkerDeploymentVersionChanged) return false;
    await sleep(seconds * 1000);
  }
  return workflowInfo().targetWorkerDeploymentVersionChanged;
}

/** @param eventLimit so many events are long; absent: when the server says so */
export function isLong(eventLimit?: number): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  return eventLimit ? historyLength >= eventLimit : continueAsNewSuggested;
}

/**
 * Continues as new on the workers' present version, and is pinned to that one. Without the behaviour it would stay on its old
 * version, and not be told of the present one again.
 */
export function goOnward<F extends Workflow>(...args: Parameters<F>): Promise<never> {
  return makeContinueAsNewFunc<F>({ initialVersioningBehavior: 'AUTO_UPGRADE' })(...args);
}
