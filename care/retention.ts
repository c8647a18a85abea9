/** Which experiments a store lets go: the oldest, so far as nobody pinned them. */
import { keysUnder } from '../artifacts/keys-under.js';
import type { ArtifactStore } from '../artifacts/types.js';
import { mapBounded } from '../common/bounded.js';
import type { Inventory } from './inventory.js';
import { pinnedExperiments } from './pins.js';

const READS = 32;

export interface Retention {
  /** so many experiments stay, those that were written to last */
  readonly keepLast?: number;
  /** those stay that were written to within so many ms */
  readonly olderThan?: number;
}

/**
 * @param now by the store's clock
 * @returns names, the oldest first; none where neither rule is given. With both, what either keeps stays
 */
export async function experimentsToDrop(
  store: ArtifactStore,
  { experiments }: Pick<Inventory, 'experiments'>,
  { keepLast, olderThan }: Retention,
  now: number,
): Promise<string[]> {
  if (keepLast === undefined && olderThan === undefined) return [];
  const pinned = await pinnedExperiments(store);
  const written: { name: string; last: number }[] = [];
  for (const [name, keys] of experiments) {
    const documents = keys.filter((key) => key.startsWith('names/'));
    if (documents.length > 0) written.push({ name, last: await lastWritten(store, documents) });
  }
  written.sort((a, b) => a.last - b.last || (a.name < b.name ? -1 : 1));
  const past = keepLast === undefined ? written : written.slice(0, Math.max(0, written.length - keepLast));
  return past
    .filter(({ last }) => olderThan === undefined || now - last > olderThan)
    .map(({ name }) => name)
    .filter((name) => !pinned.has(name));
}

/** When the newest of documents was put; one of which the store does not tell counts as new. */
export async function lastWritten({ objects }: ArtifactStore, keys: readonly string[]): Promise<number> {
  const times = await mapBounded(keys, READS, async (key) => (await objects.stat(key))?.modified ?? 0);
  return times.some((time) => Number.isNaN(time)) ? Infinity : times.reduce((a, b) => Math.max(a, b), 0);
}

/** Keys of an experiment's documents, in order. */
export const documentsOf = (store: ArtifactStore, experiment: string): Promise<string[]> =>
  keysUnder(store.objects, `names/experiments/${experiment}/`);
