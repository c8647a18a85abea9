/** A second look: what came wrong, short or not at all may have been the fault of the way there, not of what is stored. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fromSystemError, type ErrorKind } from '../common/errors.js';

/** How often a reader looks before its verdict is final. */
export const LOOKS = 4;
const PAUSE_MS = 50;
const WORTH_A_LOOK: ReadonlySet<ErrorKind> = new Set(['verification', 'notFound', 'unreachable']);

/**
 * Does `read` until it succeeds, at most LOOKS times.
 * An error with `details.askedEnough` was tried as often as there is a point in by who asked.
 * @param doing words the read for an error that is no HabsburgError yet
 */
export async function again<T>(doing: string, read: () => Promise<T>): Promise<T> {
  for (let look = 1; ; look++) {
    try {
      return await read();
    } catch (error) {
      const known = fromSystemError(error, doing);
      if (look === LOOKS || !WORTH_A_LOOK.has(known.kind) || known.details?.askedEnough === true) throw known;
      await sleep(PAUSE_MS * look);
    }
  }
}
