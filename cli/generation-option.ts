/** `--generation <n>` of the commands that have it. */
import { HabsburgError } from '../common/errors.js';

/** @throws HabsburgError 'invalid' */
export function wholeGeneration(text: string): number {
  if (!/^\d+$/.test(text)) throw new HabsburgError('invalid', `--generation ${text} is no generation; give a whole number`);
  return Number(text);
}
