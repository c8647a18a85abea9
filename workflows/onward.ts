/** When a workflow goes on in a new execution, and on which version of the workers. */
import { makeContinueAsNewFunc, workflowInfo } from '@temporalio/workflow';
import type { Workflow } from '@temporalio/workflow';

/**
 * Whether the history is long, or the workers have another version by now: a pinned workflow stays on the version that it began
 * with, and is told so with each of its tasks.
 */
export function shouldGoOnward(eventLimit?: number): boolean {
  return workflowInfo().targetWorkerDeploymentVersionChanged || isLong(eventLimit);
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
