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

/** What workers say of a history that their code would not have written. */
const OTHER_CODE = /TMPRL1100|non-?determinis/i;

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
    const reason = (failed.failure?.message ?? '').replaceAll(/\s+/g, ' ').trim();
    const otherCode = Number(failed.cause) === NON_DETERMINISTIC || OTHER_CODE.test(reason);
    return { workflow, reason: reason || 'no reason was given', otherCode };
  }
  return undefined;
}

/** The same from the error of a query: a workflow that waits for something has no task that could fail, and still cannot answer. */
export function troubleOfQuery(workflow: string, error: unknown): Trouble | undefined {
  const { message, cause } = error as { message?: string; cause?: { message?: string; details?: string } };
  const reason = [cause?.details, cause?.message, message].find((text) => text && OTHER_CODE.test(text));
  return reason === undefined ? undefined : { workflow, reason: reason.replaceAll(/\s+/g, ' ').trim(), otherCode: true };
}
