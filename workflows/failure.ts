/** What failed, in words: the innermost reason and its kind, out of the failures that Temporal wraps around it. */
import { ActivityFailure, ApplicationFailure, ChildWorkflowFailure } from '@temporalio/common';
import { isCancellation } from '@temporalio/workflow';
import { FAILURE_PREFIX } from '../common/errors.js';
import { ALL_RUNS_FAILED } from './contract.js';
import type { ExperimentResult, RunFailure } from './contract.js';

/** A refusal of what an operator asked. */
export function refusal(message: string): ApplicationFailure {
  return ApplicationFailure.create({ type: `${FAILURE_PREFIX}invalid`, message });
}

/** An experiment of which every run failed is a failed workflow, and says no less than one that is done. */
export function allRunsFailed(result: ExperimentResult): ApplicationFailure {
  const [{ run, message }] = result.failures;
  return ApplicationFailure.create({
    type: ALL_RUNS_FAILED,
    message:
      result.runs === 1 ? `${run} failed: ${message}` : `all ${result.runs} runs failed, the first of them, ${run}: ${message}`,
    details: [result],
    nonRetryable: true,
  });
}

export function describeFailure(error: unknown): Omit<RunFailure, 'run'> {
  if (isCancellation(error)) return { kind: 'canceled', message: 'cancelled' };
  const cause = error instanceof ChildWorkflowFailure ? error.cause : error;
  if (isAlreadyStarted(cause))
    return { kind: 'invalid', message: 'an earlier one of its name is still under way and does not end; cancel --force ends it' };
  let innermost: unknown = cause;
  while (innermost instanceof Error && innermost.cause instanceof ApplicationFailure) innermost = innermost.cause;
  const kind = innermost instanceof ApplicationFailure ? (innermost.type?.replace(FAILURE_PREFIX, '') ?? 'failed') : 'failed';
  return { kind, message: sentenceOf(cause) };
}

/** Whether a child could not be started since one of its id has not closed. */
export function isAlreadyStarted(error: unknown): boolean {
  return error instanceof Error && error.name === 'WorkflowExecutionAlreadyStartedError';
}

/** Whether a signal or a request to end could not be given to a workflow since none of its id is running. The SDK has words alone. */
export function isGone(error: unknown): boolean {
  return error instanceof Error && /was not found/.test(error.message);
}

/** Digest of the artifact that a step found damaged when it read it; undefined: that is not what went wrong. */
export function damagedInput(error: unknown): string | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  const [detail] = cause instanceof ApplicationFailure ? (cause.details ?? []) : [];
  const damaged = (detail as { damagedInput?: unknown } | null | undefined)?.damagedInput;
  return typeof damaged === 'string' ? damaged : undefined;
}

/** The message of an activity's failure, which is a sentence of ours. */
export function sentenceOf(error: unknown): string {
  if (error instanceof ActivityFailure && error.cause) return error.cause.message;
  return error instanceof Error ? error.message : String(error);
}
