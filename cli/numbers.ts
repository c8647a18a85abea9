/** Numbers from the command line. */
import { HabsburgError } from '../common/errors.js';

/** A whole number of at least 1 from an option's text; undefined where the option was not given. */
export function positiveInteger(flag: string, text: string): number;
export function positiveInteger(flag: string, text: string | undefined): number | undefined;
export function positiveInteger(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const n = Number(text);
  if (!Number.isSafeInteger(n) || n < 1) throw new HabsburgError('invalid', `${flag} ${text}: give a whole number of at least 1`);
  return n;
}
