/**
 * A folder store begins with the command that runs an experiment; workers never begin one. So a worker whose machine does not share the
 * folder says so at once, and a project that was moved is not written to at its old place.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openStore } from './open.js';
import { folderOf } from './object-store-file.js';

/** Made first of all in a folder store; what it says matters to nobody. */
const MARK = 'store.json';
const DOCUMENT = { schema: 'habsburg.store/v1', about: 'artifacts of Habsburg: docs/artifacts.md says how they lie here' };

/**
 * Makes a folder store where there is none; does nothing for others.
 * @throws HabsburgError where the folder cannot be written
 */
export async function beginStore(url: string): Promise<void> {
  if (url.startsWith('file:')) await openStore(url).putIfAbsent(MARK, { bytes: Buffer.from(`${JSON.stringify(DOCUMENT)}\n`) });
}

/** Whether a store can be there; of a folder store: whether one was begun in the folder. */
export function hasBegun(url: string): boolean {
  if (!url.startsWith('file:')) return true;
  return [MARK, 'blobs', 'names'].some((name) => existsSync(join(folderOf(url), name)));
}
