/** What a store has not, or has damaged: to be told, or done anew, where any other error ends what is being done. */
import { isHabsburgError, type HabsburgError } from '../common/errors.js';

export function isDamage(error: unknown): error is HabsburgError {
  return isHabsburgError(error) && (error.kind === 'verification' || error.kind === 'notFound');
}

/** For `.catch`: nothing in place of what is damaged or missing. */
export function unlessDamaged(error: unknown): undefined {
  if (isDamage(error)) return undefined;
  throw error;
}

/** What is read, or a sentence about why it cannot be believed. */
export async function orDamage<T>(reading: () => Promise<T>): Promise<T | string> {
  try {
    return await reading();
  } catch (error) {
    if (isDamage(error)) return error.message;
    throw error;
  }
}
