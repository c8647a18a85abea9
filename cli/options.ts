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

/** Any number from the text of an option. @throws HabsburgError 'invalid' */
export const finiteNumber = (flag: string) => (text: string): number => {
  if (text.trim() === '' || !Number.isFinite(Number(text))) throw new HabsburgError('invalid', `${flag} ${text} is no number`);
  return Number(text);
}; // prettier-ignore

/** A generation from the text of an option. @throws HabsburgError 'invalid' */
export const wholeGeneration = (flag: string) => (text: string): number => {
  if (!/^\d+$/.test(text)) throw new HabsburgError('invalid', `${flag} ${text} is no generation; give a whole number`);
  return Number(text);
}; // prettier-ignore

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 7 * 86_400 };

/** Milliseconds from the text of an option: 90s, 10m, 12h, 30d, 2w; 0. @throws HabsburgError 'invalid' */
export const timeSpan = (flag: string) => (text: string): number => {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)([smhdw])$/.exec(text === '0' ? '0s' : text) ?? [];
  if (unit === undefined) throw new HabsburgError('invalid', `${flag} ${text} is no time; write 90s, 10m, 12h, 30d or 2w`);
  return Number(amount) * UNITS[unit] * 1000;
}; // prettier-ignore
