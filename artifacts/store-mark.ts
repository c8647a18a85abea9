/**
 * A folder store begins with the command that runs an experiment; workers never begin one. So a worker whose machine does not share the
 * folder says so at once, and a project that was moved is not written to at its old place.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fromSystemError } from '../common/errors.js';
import { makeFolder } from '../common/make-folder.mjs';
import { openStore } from './open.js';
import { folderOf } from './object-store-file.js';

/** Written first of all; what it says matters to nobody. */
const MARK = 'store.json';
const DOCUMENT = { schema: 'habsburg.store/v1', about: 'artifacts of Habsburg: docs/artifacts.md says how they lie here' };
export const STORE_MARK = { path: MARK, bytes: Buffer.from(`${JSON.stringify(DOCUMENT)}\n`) };

/**
 * Writes the mark, whether it is there or not: a folder store is made where there is none, and a store that cannot be written says so.
 * @throws HabsburgError where it cannot be written
 */
export async function beginStore(url: string): Promise<void> {
  const store = openStore(url);
  try {
    if (url.startsWith('file:')) makeFolder(folderOf(url));
  } catch (error) {
    throw fromSystemError(error, `making the store ${url}`);
  }
  await store.put(MARK, { bytes: STORE_MARK.bytes });
}

/** Whether a store can be there; of a folder store: whether one was begun in the folder. */
export function hasBegun(url: string): boolean {
  if (!url.startsWith('file:')) return true;
  return [MARK, 'blobs', 'names'].some((name) => existsSync(join(folderOf(url), name)));
}
