/** A workflow whose task fails again and again: why, since no query tells. */
import type { Client, WorkflowExecutionDescription } from '@temporalio/client';

export interface Trouble {
  readonly workflow: string;
  /** the worker's words, in one line */
  readonly reason: string;
  /** the history was written by other workflow code than that of the workers */
  readonly otherCode: boolean;
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

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();
