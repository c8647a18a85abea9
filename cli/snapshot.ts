/** What an experiment is doing right now: the experiment's and its running runs' progress, with the heartbeats of their steps. */
import type { Client, WorkflowExecutionDescription, WorkflowHandle } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { StepHeartbeat } from '../activities/step.js';
import type { ExperimentProgress, ExperimentResult, RunProgress } from '../workflows/contract.js';
import { experimentProgressQuery, runProgressQuery, runWorkflowId } from '../workflows/contract.js';
import { isPassing } from './temporal.js';

export interface RunSnapshot {
  readonly run: string;
  readonly progress?: RunProgress;
  /** the steps under way, where they have reported */
  readonly steps: readonly StepSnapshot[];
}

export interface StepSnapshot extends Partial<StepHeartbeat> {
  readonly step: string;
  readonly attempt: number;
  /** why the last attempt failed, while it is retried */
  readonly lastFailure?: string;
}

export interface ExperimentSnapshot {
  readonly experiment: string;
  /** Temporal's word: RUNNING, COMPLETED, FAILED, CANCELLED, TERMINATED, TIMED_OUT, CONTINUED_AS_NEW */
  readonly status: string;
  readonly progress?: ExperimentProgress;
  /** the experiment's own steps under way: recording its plan */
  readonly steps: readonly StepSnapshot[];
  readonly runs: readonly RunSnapshot[];
  readonly result?: ExperimentResult;
}

const RUNS_SHOWN = 20;

/** Fields are absent where no worker answers yet. */
export async function snapshot(client: Client, experiment: string): Promise<ExperimentSnapshot> {
  const handle = client.workflow.getHandle(experiment);
  const { status, raw } = await handle.describe();
  if (status.name !== 'RUNNING') {
    const result = status.name === 'COMPLETED' ? ((await handle.result()) as ExperimentResult) : undefined;
    return { experiment, status: status.name, steps: [], runs: [], result };
  }
  const progress = await soon(handle.query(experimentProgressQuery));
  const runs = await Promise.all(
    (progress?.running ?? [])
      .slice(0, RUNS_SHOWN)
      .map((run) => runSnapshot(client.workflow.getHandle(runWorkflowId(experiment, run)), run)),
  );
  return { experiment, status: status.name, progress, steps: pendingSteps(raw), runs };
}

async function runSnapshot(handle: WorkflowHandle, run: string): Promise<RunSnapshot> {
  const [progress, description] = await Promise.all([soon(handle.query(runProgressQuery)), soon(handle.describe())]);
  const steps = description ? pendingSteps(description.raw) : [];
  return { run, progress, steps };
}

function pendingSteps(raw: WorkflowExecutionDescription['raw']): StepSnapshot[] {
  return (raw.pendingActivities ?? []).map((activity) => {
    const [payload] = activity.heartbeatDetails?.payloads ?? [];
    const heartbeat = payload ? defaultPayloadConverter.fromPayload<StepHeartbeat>(payload) : undefined;
    return {
      step: activity.activityType?.name ?? '?',
      attempt: activity.attempt ?? 1,
      ...heartbeat,
      lastFailure: activity.lastFailure?.message ?? undefined,
    };
  });
}

/** The answer, or undefined where it does not come for a passing reason (worker or server restarting, run just ended). */
async function soon<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (
      isPassing(error) ||
      (error as Error).name === 'WorkflowNotFoundError' ||
      (error as Error).name === 'QueryNotRegisteredError' ||
      /workflow task/i.test((error as Error).message)
    )
      return undefined;
    throw error;
  }
}
