/** What the children of an experiment and of its runs have in common. */
import { ParentClosePolicy, WorkflowIdReusePolicy } from '@temporalio/workflow';
import { QUEUES, fairness } from './contract.js';

/** A child ends when its parent is cancelled or gone, and may be started again under its id. */
export function childOf(experiment: string) {
  return {
    taskQueue: QUEUES.workflow,
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
    priority: fairness(experiment),
  };
}

/** The same, but it goes on when its parent continues as new; whoever cancels the parent has to see to it (experiment-runs.ts). */
export function abandonedChildOf(experiment: string) {
  return { ...childOf(experiment), parentClosePolicy: ParentClosePolicy.ABANDON };
}
