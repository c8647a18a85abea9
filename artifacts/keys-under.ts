/** All keys of a place in a store, in order: for places that hold few enough to be held. */
import type { ObjectStore } from './types.js';

export async function keysUnder(objects: ObjectStore, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of objects.list(prefix)) keys.push(key);
  return keys;
}
