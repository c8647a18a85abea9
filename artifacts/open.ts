/** A store by its url: the one place that knows which schemes there are. */
import { HabsburgError } from '../common/errors.js';
import { FileObjectStore } from './object-store-file.js';
import { S3ObjectStore, type S3Options } from './object-store-s3.js';
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
  if (url.startsWith('s3:')) return new S3ObjectStore(url, options.s3);
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(url)?.[1].toLowerCase();
  if (scheme !== undefined && scheme !== 'file') {
    throw new HabsburgError(
      'invalid',
      `a store is a folder (file:///path or a path) or a bucket (s3://bucket/prefix); ${scheme}: is neither`,
    );
  }
  if (url === '') throw new HabsburgError('invalid', 'the store url is empty; write a folder or s3://bucket/prefix');
  return new FileObjectStore(url);
}

/**
 * The artifacts of a store.
 * @param options.cacheDir a local folder that keeps blobs already read, so that a worker downloads none twice; verified at each use
 */
export function openArtifactStore(url: string, options: OpenOptions & { readonly cacheDir?: string } = {}): ArtifactStore {
  return new ContentStore(openStore(url, options), { cacheDir: options.cacheDir });
}
