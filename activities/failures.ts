/** Turns what went wrong in an activity into what Temporal understands: retry it, or never again. */
import { ApplicationFailure, CancelledFailure } from '@temporalio/activity';
import type { ErrorKind } from '../common/errors.js';
import { fromSystemError } from '../common/errors.js';
import { EngineDied } from './types.js';

/** Attempts before an error of a kind is final. Permanent kinds get one: the same input fails the same way again. */
export const ATTEMPTS: Readonly<Record<ErrorKind | 'engineDied', number>> = {
  invalid: 1,
  verification: 1,
  notFound: 1,
  /** a bug or something unforeseen: worth a second look, not a loop */
  failed: 2,
  /** a full disk: about ten seconds to make room */
  resources: 4,
  /** a store or service that is away: about ten minutes at the policy's longest interval */
  unreachable: 40,
  /** killed, out of memory: each attempt goes on from the last checkpoint */
  engineDied: 25,
};

/** Failure type of an error kind, read back by the CLI for its exit code. */
export const FAILURE_PREFIX = 'habsburg.';

/** @param attempt the activity's attempt, from 1 */
export function toFailure(error: unknown, doing: string, attempt: number): ApplicationFailure | CancelledFailure {
  if (error instanceof CancelledFailure || error instanceof ApplicationFailure) return error;
  if (error instanceof EngineDied) {
    return ApplicationFailure.create({
      type: `${FAILURE_PREFIX}failed`,
      message: `${doing}: ${error.message}`,
      nonRetryable: attempt >= ATTEMPTS.engineDied,
    });
  }
  const known = fromSystemError(error, doing);
  return ApplicationFailure.create({
    type: `${FAILURE_PREFIX}${known.kind}`,
    message: known.message,
    nonRetryable: attempt >= ATTEMPTS[known.kind],
    cause: error instanceof Error ? error : undefined,
  });
}
