/** The one place where numbers that somebody gives become token ids: what is no id is an error, never token 0. */
import { HabsburgError } from './errors.js';
import { IGNORED } from './labels.js';

const LARGEST = 0x7fffffff;

/**
 * @param where for the message: what holds the numbers
 * @param labels whether -100, not to be predicted, may stand among them
 * @throws HabsburgError `invalid` for anything but whole numbers from 0
 */
export function tokenIds(values: ArrayLike<unknown>, where: string, labels = false): Int32Array {
  const ids = new Int32Array(values.length);
  for (let i = 0; i < ids.length; i++) {
    const id = values[i];
    const fits = Number.isInteger(id) && (((id as number) >= 0 && (id as number) <= LARGEST) || (labels && id === IGNORED));
    if (!fits)
      throw new HabsburgError('invalid', `${where} holds ${shown(id)} at position ${i}, which is not a token id${labels ? ` or ${IGNORED}` : ''}`); // prettier-ignore
    ids[i] = id as number;
  }
  return ids;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
