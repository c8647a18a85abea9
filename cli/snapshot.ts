/** What an experiment is doing right now, or how it ended: the workflows' own answers where workers run, the server's otherwise. */
import type { Client, WorkflowExecutionDescription, WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { QueryDefinition } from '@temporalio/common';
import type { StepHeartbeat } from '../activities/step.js';
import type { ExperimentProgress, ExperimentResult, RunProgress } from '../workflows/contract.js';
import { ALL_RUNS_FAILED, experimentProgressQuery, runProgressQuery, runWorkflowId } from '../workflows/contract.js';
import { openPayload, reasonOf } from './temporal.js';
import { servingBuilds, troubleOf, troubleOfCurrent, troubleOfQuery, troubleOfVersion, type Trouble } from './trouble.js';

/** What became of an experiment, in the words of `status`, of JSON and of `habsburg --help`. */
export type Status =
  | 'running'
  | 'paused'
  /** not ended, but no server or no worker is up that goes on with it */
  | 'stopped'
  /** its workflow code fails again and again, no worker has the version of it that it is pinned to, or none is current */
  | 'stuck'
  | 'done'
  /** some of its runs failed */
  | 'partly failed'
  | 'failed'
  | 'cancelled'
  | 'terminated'
  | 'timed out';

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
  readonly status: Status;
  /** ISO 8601; of an experiment that was continued as new, its first beginning */
  readonly startedAt: string;
  readonly endedAt?: string;
  /** the words after `habsburg` that started it */
  readonly command?: readonly string[];
  readonly progress?: ExperimentProgress;
  /** the experiment's own steps under way: recording its plan */
  readonly steps: readonly StepSnapshot[];
  readonly runs: readonly RunSnapshot[];
  /** what keeps it from going on */
  readonly trouble?: Trouble;
  readonly result?: ExperimentResult;
  /** why it failed as a whole */
  readonly failure?: string;
}

/** What the one who starts an experiment writes beside it. */
export interface ExperimentMemo {
  readonly startedAt?: string;
  readonly command?: readonly string[];
  /** what it was started with (cli/experiment.ts) */
  readonly plan?: string;
  readonly seeds?: string;
  readonly metrics?: string;
  readonly store?: string;
  readonly settings?: Readonly<Record<string, string>>;
}

const RUNS_SHOWN = 20;
/** of a run */
const EVALUATIONS_SHOWN = 3;

export interface SnapshotOptions {
  /** whether workers may answer; false: only the server is asked */
  readonly standing: boolean;
}

/**
 * The experiment as it is now. Fields are absent where no worker answers.
 * @throws WorkflowNotFoundError for a name that the server does not know
 */
export async function snapshot(client: Client, experiment: string, { standing }: SnapshotOptions): Promise<ExperimentSnapshot> {
  const handle = client.workflow.getHandle(experiment);
  const description = await handle.describe();
  const { raw, status } = description;
  const memo = (description.memo ?? {}) as ExperimentMemo;
  const common = {
    experiment,
    startedAt: memo.startedAt ?? description.startTime.toISOString(),
    ...(description.closeTime && status.name !== 'CONTINUED_AS_NEW' ? { endedAt: description.closeTime.toISOString() } : {}),
    ...(memo.command ? { command: memo.command } : {}),
  };
  if (status.name === 'COMPLETED') {
    const result = (await handle.result()) as ExperimentResult;
    return { ...common, status: result.status, steps: [], runs: [], result };
  }
  if (status.name !== 'RUNNING' && status.name !== 'CONTINUED_AS_NEW') {
    const error: unknown = status.name === 'FAILED' ? await handle.result().catch((error: unknown) => error) : undefined;
    const ended = { ...common, status: CLOSED[status.name] ?? 'failed', steps: [], runs: [] };
    const result = resultOf(error);
    return result ? { ...ended, result } : { ...ended, ...(error === undefined ? {} : { failure: reasonOf(error) }) };
  }
  const serving = servingBuilds(client);
  const failing =
    (await troubleOf(client, experiment, raw)) ?? (standing && (await troubleOfVersions(client, experiment, raw, serving)));
  const { answer: progress, trouble } =
    standing && !failing ? await ask(handle, experimentProgressQuery) : { answer: undefined, trouble: failing || undefined };
  const runs = await Promise.all(
    (progress?.running ?? (await runsUnderWay(client, experiment, raw)))
      .slice(0, RUNS_SHOWN)
      .map((run) => runSnapshot(client, experiment, run, standing && serving)),
  );
  const inTrouble = trouble ?? runs.find((run) => run.trouble)?.trouble;
  return {
    ...common,
    status: inTrouble ? 'stuck' : !standing ? 'stopped' : progress?.paused ? 'paused' : 'running',
    progress,
    steps: await pendingSteps(client, raw),
    runs: runs.map(({ trouble: _, ...run }) => run),
    ...(inTrouble ? { trouble: inTrouble } : {}),
  };
}

/** As the server knows them: those that the present execution of the experiment started, and those of earlier ones. */
async function runsUnderWay(client: Client, experiment: string, raw: WorkflowExecutionDescription['raw']): Promise<string[]> {
  const { execution, firstRunId } = raw.workflowExecutionInfo ?? {};
  const ids = new Set((raw.pendingChildren ?? []).map((child) => child.workflowId!));
  if (firstRunId && execution?.runId !== firstRunId) {
    const query = `HabsburgExperiment = "${experiment}" AND WorkflowType = "run" AND ExecutionStatus = "Running"`;
    for await (const { workflowId } of client.workflow.list({ query, pageSize: RUNS_SHOWN })) {
      ids.add(workflowId);
      if (ids.size >= RUNS_SHOWN) break;
    }
  }
  return [...ids].map((id) => id.slice(experiment.length + 1));
}

async function troubleOfVersions(
  ...[client, id, raw, serving]: Parameters<typeof troubleOfCurrent>
): Promise<Trouble | undefined> {
  return (await troubleOfVersion(id, raw, serving)) ?? troubleOfCurrent(client, id, raw, serving);
}

/** What is told of an experiment of which all runs failed. */
function resultOf(error: unknown): ExperimentResult | undefined {
  const { cause } = (error ?? {}) as { cause?: unknown };
  return cause instanceof ApplicationFailure && cause.type === ALL_RUNS_FAILED
    ? (cause.details![0] as ExperimentResult)
    : undefined;
}

export function isOver({ endedAt }: Pick<ExperimentSnapshot, 'endedAt'>): boolean {
  return endedAt !== undefined;
}

const CLOSED: Readonly<Record<string, Status>> = {
  FAILED: 'failed',
  CANCELLED: 'cancelled',
  TERMINATED: 'terminated',
  TIMED_OUT: 'timed out',
};

async function runSnapshot(
  client: Client,
  experiment: string,
  run: string,
  serving: false | ReturnType<typeof servingBuilds>,
): Promise<RunSnapshot & { trouble?: Trouble }> {
  const id = runWorkflowId(experiment, run);
  const handle = client.workflow.getHandle(id);
  const description = await soon(handle.describe());
  const raw = description?.raw;
  const waiting = raw && serving && (await troubleOfVersions(client, id, raw, serving));
  const asked = serving && !waiting ? await ask(handle, runProgressQuery) : undefined;
  const progress = asked?.answer;
  if (!description) return { run, progress, steps: [] };
  const trouble = (await troubleOf(client, id, description.raw)) ?? (waiting || asked?.trouble);
  const beside = (description.raw.pendingChildren ?? []).slice(0, EVALUATIONS_SHOWN).map(async ({ workflowId }) => {
    const child = await soon(client.workflow.getHandle(workflowId!).describe());
    return child ? pendingSteps(client, child.raw) : [];
  });
  const steps = [...(await pendingSteps(client, description.raw)), ...(await Promise.all(beside)).flat()];
  return { run, progress, steps, ...(trouble ? { trouble } : {}) };
}

function pendingSteps(client: Client, raw: WorkflowExecutionDescription['raw']): Promise<StepSnapshot[]> {
  return Promise.all(
    (raw.pendingActivities ?? []).map(async (activity) => {
      const [payload] = activity.heartbeatDetails?.payloads ?? [];
      const heartbeat = payload ? await openPayload<StepHeartbeat>(client, payload) : undefined;
      return {
        step: activity.activityType?.name ?? '?',
        attempt: activity.attempt ?? 1,
        ...heartbeat,
        lastFailure: lastFailure(activity.lastFailure),
      };
    }),
  );
}

interface ServerFailure {
  readonly message?: string | null;
  readonly cause?: ServerFailure | null;
}

/** Where a failure was too large to be kept, the server puts words of its own above what it kept of the reason. */
function lastFailure(failure: ServerFailure | null | undefined): string | undefined {
  const words = failure?.message ?? undefined;
  return words !== undefined && /^Failure exceeds size limit/.test(words) ? (failure?.cause?.message ?? undefined) : words;
}

/** A workflow's answer, or why it cannot answer. */
async function ask<T>(handle: WorkflowHandle, query: QueryDefinition<T>): Promise<{ answer?: T; trouble?: Trouble }> {
  let trouble: Trouble | undefined;
  const answer = await soon(
    handle.query(query).catch((error: unknown) => {
      trouble = troubleOfQuery(handle.workflowId, error);
      throw error;
    }),
  );
  return { answer, trouble };
}

/** The answer, or undefined where it does not come: no worker, a server that restarts, a run that has just ended, a task that fails. */
async function soon<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isNoAnswer(error)) return undefined;
    throw error;
  }
}

const NO_ANSWER = new Set([
  1, // cancelled
  3, // invalid argument: the query has no handler yet
  4, // deadline exceeded: nobody took it up
  5, // not found: it has just ended
  9, // failed precondition: a workflow task that fails
  14, // unavailable
]);

function isNoAnswer(error: unknown): boolean {
  const { name, code, cause } = error as { name?: string; code?: number; cause?: { code?: number } };
  if (name === 'WorkflowNotFoundError' || name === 'QueryNotRegisteredError' || name === 'QueryRejectedError') return true;
  return NO_ANSWER.has(code ?? cause?.code ?? -1) || /workflow task/i.test((error as Error).message);
}
