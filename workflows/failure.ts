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
  if (cause instanceof Error && cause.name === 'WorkflowExecutionAlreadyStartedError')
    return { kind: 'invalid', message: 'it is running already, started by itself or by another experiment; cancel that first' };
  let innermost: unknown = cause;
  while (innermost instanceof Error && innermost.cause instanceof ApplicationFailure) innermost = innermost.cause;
  const kind = innermost instanceof ApplicationFailure ? (innermost.type?.replace(FAILURE_PREFIX, '') ?? 'failed') : 'failed';
  return { kind, message: sentenceOf(cause) };
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
