/** The stores that a worker opens for its activities: one object a store, and only folders that are shared with whoever asks. */
import { hostname } from 'node:os';
import { openArtifactStore } from '../artifacts/open.js';
import { hasBegun } from '../artifacts/store-mark.js';
import type { ArtifactStore } from '../artifacts/types.js';
import { HabsburgError } from '../common/errors.js';

/**
 * @param blobCache folder that keeps the blobs of s3:// stores
 * @returns the store of a url, the same one each time
 * @throws 'notFound' where the folder of a store is not on this machine
 */
export function workerStores(blobCache?: string): (url: string) => ArtifactStore {
  const stores = new Map<string, ArtifactStore>();
  return (url) => {
    if (!hasBegun(url))
      throw new HabsburgError(
        'notFound',
        `the worker on ${hostname()} finds no store at ${url}: a folder must be shared by the command and all workers, at the same path (mount it there, or use an s3:// store); where it was moved, run the experiment again with the new --store`,
      );
    let store = stores.get(url);
    if (!store) {
      store = openArtifactStore(url, url.startsWith('s3:') ? { cacheDir: blobCache } : {});
      stores.set(url, store);
    }
    return store;
  };
}
