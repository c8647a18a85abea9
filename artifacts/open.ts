/** A store by its url: the one place that knows which schemes there are. */
import { FileObjectStore } from './object-store-file.js';
import { S3ObjectStore, type S3Options } from './object-store-s3.js';
import { canonicalStoreUrl } from './store-url.js';
import { ContentStore } from './store.js';
import type { ArtifactStore, ObjectStore } from './types.js';

export interface OpenOptions {
  readonly s3?: S3Options;
}

/**
 * @param url `file:///abs/path`, a plain path, or `s3://bucket/prefix`
 * @throws 'invalid' for another scheme or a malformed url; does not touch the store yet
 */
export function openStore(url: string, options: OpenOptions = {}): ObjectStore {
  const canonical = canonicalStoreUrl(url);
  return canonical.startsWith('s3:') ? new S3ObjectStore(canonical, options.s3) : new FileObjectStore(canonical);
}

/**
 * The artifacts of a store.
 * @param options.cacheDir a local folder that keeps blobs already read, so that a worker downloads none twice; verified at each use
 */
export function openArtifactStore(url: string, options: OpenOptions & { readonly cacheDir?: string } = {}): ArtifactStore {
  return new ContentStore(openStore(url, options), { cacheDir: options.cacheDir });
}
