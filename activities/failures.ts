/** Turns what went wrong in an activity into what Temporal understands: retry it, or never again. */
import { ApplicationFailure, CancelledFailure } from '@temporalio/activity';
import type { ErrorKind } from '../common/errors.js';
import { FAILURE_PREFIX, fromSystemError } from '../common/errors.js';
import { EngineDied } from '../engines/run-job.js';

/** Attempts before an error of a kind is final: what is final has been looked at twice, except what the user wrote. */
export const ATTEMPTS: Readonly<Record<ErrorKind | 'engineDied', number>> = {
  invalid: 1,
  verification: 2,
  notFound: 2,
  /** a bug or something unforeseen: worth a second look, not a loop */
  failed: 2,
  /** a full disk: about ten seconds to make room */
  resources: 4,
  /** a store or service that is away: about ten minutes at the policy's longest interval */
  unreachable: 40,
  /** killed, out of memory: each attempt goes on from the last checkpoint */
  engineDied: 25,
};

/** @param attempt the activity's attempt, from 1 */
export function toFailure(error: unknown, doing: string, attempt: number): ApplicationFailure | CancelledFailure {
  if (error instanceof CancelledFailure || error instanceof ApplicationFailure) return error;
  if (error instanceof EngineDied) {
    return fitting(
      ApplicationFailure.create({
        type: `${FAILURE_PREFIX}failed`,
        message: cut(`${doing}: ${error.message}`, MESSAGE_BYTES),
        nonRetryable: attempt >= ATTEMPTS.engineDied,
      }),
    );
  }
  // handed back at once, for as long as it takes the right worker to come for it
  if (error instanceof Error && error.name === 'OtherEngine')
    return ApplicationFailure.create({ type: 'OtherEngine', message: error.message, nextRetryDelay: '2 seconds' });
  const known = fromSystemError(error, doing);
  // a stored result that a step read, and could not
  const damaged = known.details?.digest;
  // another engine's word for a kind may be none of ours
  const attempts = Object.hasOwn(ATTEMPTS, known.kind) ? ATTEMPTS[known.kind] : ATTEMPTS.failed;
  return fitting(
    ApplicationFailure.create({
      type: `${FAILURE_PREFIX}${known.kind}`,
      message: cut(known.message, MESSAGE_BYTES),
      // read again and again already: another attempt at this step reads the same, the run has to go back
      nonRetryable: attempt >= attempts || damaged !== undefined,
      details: damaged === undefined ? undefined : [{ damagedInput: damaged }],
      cause: shortened(error === known ? known.cause : error, CAUSES),
    }),
  );
}

/** The kind of a failure, to be stated; undefined of what is none: work that is handed back, or given up because it was asked to be. */
export function failureKind(error: unknown, attempt: number): string | undefined {
  if (error instanceof EngineDied) return 'engineDied';
  const { type } = toFailure(error, '', attempt) as { readonly type?: string | null };
  return type?.startsWith(FAILURE_PREFIX) ? type.slice(FAILURE_PREFIX.length) : undefined;
}

/**
 * A server keeps 4 KB of the failure of an attempt that it will retry (`limit.mutableStateActivityFailureSize.error`); of a larger
 * one it keeps the words "Failure exceeds size limit." instead of the reason. The parts below stay under 3.5 KB together.
 */
const MESSAGE_BYTES = 1_600;
const CAUSE_BYTES = 400;
const STACK_BYTES = 500;
/** causes below the failure that are kept; deeper ones say what these said */
const CAUSES = 2;

function fitting(failure: ApplicationFailure): ApplicationFailure {
  failure.stack = frames(failure.stack);
  return failure;
}

/** A cause as a name and a sentence, without its stack: the failure's own stack says where we are. */
function shortened(error: unknown, depth: number): Error | undefined {
  if (!(error instanceof Error) || depth === 0) return undefined;
  const short = new Error(cut(error.message, CAUSE_BYTES), { cause: shortened(error.cause, depth - 1) });
  short.name = cut(error.name, 60);
  short.stack = undefined;
  return short;
}

/** The call sites of a stack, as many as fit; the message stands above them already. */
function frames(stack: string | undefined): string | undefined {
  const sites = stack?.split('\n').filter((line) => /^\s+at /.test(line)) ?? [];
  let kept = '';
  for (const site of sites) {
    if (Buffer.byteLength(kept) + Buffer.byteLength(site) + 1 > STACK_BYTES) break;
    kept += `${kept === '' ? '' : '\n'}${site}`;
  }
  return kept || undefined;
}

/** A text of at most so many bytes in UTF-8; of a longer one beginning and end, for reasons stand at either. */
function cut(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  const encoded = Buffer.from(text);
  const half = Math.floor((bytes - 5) / 2);
  const whole = (part: Buffer) => part.toString('utf8').replaceAll('\ufffd', '');
  return `${whole(encoded.subarray(0, half))} … ${whole(encoded.subarray(encoded.length - half))}`;
}
