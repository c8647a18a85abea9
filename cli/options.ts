/** Option parsers that several commands share. */
import { HabsburgError } from '../common/errors.js';

/** commander's way to make an option repeatable: `--set a=1 --set b=2` gives both, in order. */
export function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

/** A whole number of at least 1 from an option's text; undefined where the option was not given. */
export function positiveInteger(flag: string, text: string): number;
export function positiveInteger(flag: string, text: string | undefined): number | undefined;
export function positiveInteger(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const n = Number(text);
  if (!Number.isSafeInteger(n) || n < 1) throw new HabsburgError('invalid', `${flag} ${text}: give a whole number of at least 1`);
  return n;
}
