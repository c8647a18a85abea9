/** Which keys an object store accepts, and where artifacts lie under them; checked once here so no store can be led outside its root. */
import { isDigest, type Digest } from '../common/canonical.js';
import { HabsburgError } from '../common/errors.js';

const SEGMENT = /^[A-Za-z0-9._=@+-]+$/;

/** Throws 'invalid' unless `key` is '/'-separated segments of [A-Za-z0-9._=@+-], none of them '.' or '..', at most 900 characters. */
export function checkKey(key: string): void {
  const ok =
    key.length > 0 &&
    key.length <= 900 &&
    key.split('/').every((s) => SEGMENT.test(s) && s !== '.' && s !== '..' && s.length <= 200);
  if (!ok) {
    throw new HabsburgError(
      'invalid',
      `${JSON.stringify(key)} is no object key; use segments of letters, digits and . _ = @ + - separated by /`,
    );
  }
}

/** A prefix is a key that may end in '/' or be empty. */
export function checkPrefix(prefix: string): void {
  if (prefix !== '') checkKey(prefix.endsWith('/') ? prefix.slice(0, -1) : prefix);
}

/** The 64 hex digits of a digest. */
export function hexOf(digest: Digest): string {
  if (!isDigest(digest))
    throw new HabsburgError('invalid', `${JSON.stringify(digest)} is no digest; write sha256: and 64 lower-case hex digits`);
  return digest.slice('sha256:'.length);
}

/** blobs/sha256/ab/abcd… : every file and every manifest, by content. */
export function blobKey(digest: Digest): string {
  const hex = hexOf(digest);
  return `blobs/sha256/${hex.slice(0, 2)}/${hex}`;
}

/** names/<name>.json : small documents that may change. */
export function nameKey(name: string): string {
  const key = `names/${name}.json`;
  checkKey(key);
  return key;
}

/** Throws 'verification' unless `path` is relative, '/'-separated, and stays inside its folder. */
export function checkFilePath(path: unknown, where: string): asserts path is string {
  const ok =
    typeof path === 'string' &&
    path.length > 0 &&
    path.length <= 900 &&
    !/[\u0000-\u001f\\]/.test(path) &&
    path.split('/').every((s) => s !== '' && s !== '.' && s !== '..');
  if (!ok)
    throw new HabsburgError(
      'verification',
      `${where}: the file path ${JSON.stringify(path)} leads outside its folder; do not use this artifact`,
    );
}

/** The verdict on an object that is larger than anything of its kind. */
export function tooLarge(key: string, url: string, limit: number): HabsburgError {
  return new HabsburgError('verification', `${key} in ${url} has more than ${limit} bytes; it was not written by Habsburg`);
}
