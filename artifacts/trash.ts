/**
 * What a collector (care/collect.ts) has taken away and not deleted yet lies under trash/, under its own key. Whoever misses something
 * looks there and puts it back: a reader never fails because of a collector that was not done.
 */
import type { HabsburgError } from '../common/errors.js';
import { isHabsburgError } from '../common/errors.js';
import type { ObjectStat, ObjectStore } from './types.js';

export const TRASH = 'trash/';

export const trashKey = (key: string): string => `${TRASH}${key}`;

/** Puts an object back; false where the trash does not hold it. */
export function restore(objects: ObjectStore, key: string): Promise<boolean> {
  return objects.move(trashKey(key), key);
}

/** As ObjectStore.get, of what may be in the trash. */
export async function getKept(objects: ObjectStore, key: string): Promise<NodeJS.ReadableStream> {
  try {
    return await objects.get(key);
  } catch (error) {
    if (!isHabsburgError(error) || error.kind !== 'notFound' || !(await restored(objects, key, error))) throw error;
    return objects.get(key);
  }
}

/** As ObjectStore.stat, of what may be in the trash. */
export async function statKept(objects: ObjectStore, key: string): Promise<ObjectStat | undefined> {
  return (await objects.stat(key)) ?? ((await restore(objects, key)) ? objects.stat(key) : undefined);
}

/** A store that we may only read cannot put it back: what was missed is what is told. */
async function restored(objects: ObjectStore, key: string, missed: HabsburgError): Promise<boolean> {
  try {
    return await restore(objects, key);
  } catch (error) {
    if (isHabsburgError(error) && error.kind === 'invalid') throw missed;
    throw error;
  }
}
