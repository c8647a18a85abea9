/**
 * A workflow that does not go on: its task fails again and again, nobody serves the version that it is pinned to, or no version is current.
 * No query tells.
 */
import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { buildsServing, currentBuild } from '../workers/deployment.js';
import { WORKFLOW_DEPLOYMENT } from '../workflows/contract.js';

export interface Trouble {
  readonly workflow: string;
  /** the worker's words, in one line */
  readonly reason: string;
  /** the history was written by other workflow code than that of the workers */
  readonly otherCode: boolean;
  /** the version of the workers that it is pinned to, where none of them serves it */
  readonly version?: string;
  /** builds of the workers, where none of them is current and it is pinned to none: the server hands it to nobody */
  readonly noneCurrent?: readonly string[];
}

/** Of a task that has failed so often it is said; one failure may be a worker that was just being replaced. */
const ATTEMPTS = 3;
const EVENTS = 20;
/** temporal.api.enums.v1.WorkflowTaskFailedCause */
const NON_DETERMINISTIC = 24;

/** The SDK's rule about a history that the code would not have written. */
const OTHER_CODE = /\bTMPRL1100\b/;

/** @param raw the server's description of the workflow's present execution */
export async function troubleOf(
  client: Client,
  workflow: string,
  raw: WorkflowExecutionDescription['raw'],
): Promise<Trouble | undefined> {
  if ((raw.pendingWorkflowTask?.attempt ?? 0) < ATTEMPTS) return undefined;
  const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse({
    namespace: client.options.namespace,
    execution: { workflowId: workflow, runId: raw.workflowExecutionInfo?.execution?.runId },
    maximumPageSize: EVENTS,
  });
  // newest first; the server keeps the first failure of a row of failures
  for (const event of history?.events ?? []) {
    if (event.workflowTaskCompletedEventAttributes) return undefined;
    const failed = event.workflowTaskFailedEventAttributes;
    if (!failed) continue;
    const reason = oneLine(failed.failure?.message ?? '');
    const otherCode = Number(failed.cause) === NON_DETERMINISTIC || OTHER_CODE.test(reason);
    return { workflow, reason: reason || 'no reason was given', otherCode };
  }
  return undefined;
}

/**
 * The same from the error of a query: a workflow that waits for something has no task that could fail, and still cannot answer. The
 * client has one error for all answers that are none; a workflow that does not know the query, since it has just begun, says so.
 */
export function troubleOfQuery(workflow: string, error: unknown): Trouble | undefined {
  const { name, message } = error as Error;
  if (name !== 'QueryNotRegisteredError' || /did not register a handler/.test(message)) return undefined;
  const reason = oneLine(message);
  return { workflow, reason, otherCode: OTHER_CODE.test(reason) };
}

/** temporal.api.enums.v1.VersioningBehavior */
const PINNED = 1;

/**
 * Whether a workflow is pinned to a version that nobody serves.
 * @param serving builds whose workers ask for work
 */
export async function troubleOfVersion(
  workflow: string,
  raw: WorkflowExecutionDescription['raw'],
  serving: () => Promise<ReadonlySet<string>>,
): Promise<Trouble | undefined> {
  const { behavior, deploymentVersion, versioningOverride } = raw.workflowExecutionInfo?.versioningInfo ?? {};
  const pinned = versioningOverride ? versioningOverride.pinned?.version : behavior === PINNED ? deploymentVersion : undefined;
  if (!pinned?.buildId || (await serving()).has(pinned.buildId)) return undefined;
  const version = `${pinned.deploymentName}:${pinned.buildId}`;
  return { workflow, reason: `no worker serves the version ${version}`, otherCode: false, version };
}

/** A worker's version becomes current some seconds after its start. */
const SETTLING_MS = 15_000;
/** temporal.api.enums.v1.PendingWorkflowTaskState */
const SCHEDULED = 1;

/**
 * Whether a workflow that is pinned to no version waits for a worker, and those that there are have versions of which none is current.
 * @param serving as troubleOfVersion has it
 * @param patience ms that it has to have waited
 */
export async function troubleOfCurrent(
  client: Client,
  workflow: string,
  raw: WorkflowExecutionDescription['raw'],
  serving: () => Promise<ReadonlySet<string>>,
  patience = SETTLING_MS,
): Promise<Trouble | undefined> {
  const { state, scheduledTime } = raw.pendingWorkflowTask ?? {};
  if (Number(state) !== SCHEDULED || Date.now() - Number(scheduledTime?.seconds ?? 0) * 1000 < patience) return undefined;
  const { behavior, versioningOverride } = raw.workflowExecutionInfo?.versioningInfo ?? {};
  if (behavior === PINNED || versioningOverride) return undefined;
  const builds = [...(await serving())].sort();
  // workers without a version would have taken it
  if (builds.length === 0 || builds.includes('')) return undefined;
  if ((await currentBuild({ connection: client, namespace: client.options.namespace })) !== undefined) return undefined;
  const reason = `no version of the deployment ${WORKFLOW_DEPLOYMENT} is current; its workers have ${builds.join(', ')}`;
  return { workflow, reason, otherCode: false, noneCurrent: builds };
}

/** Asks the server when it is needed, and once. */
export function servingBuilds(client: Client): () => Promise<ReadonlySet<string>> {
  let asked: Promise<ReadonlySet<string>> | undefined;
  return () => (asked ??= buildsServing({ connection: client, namespace: client.options.namespace }));
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();
