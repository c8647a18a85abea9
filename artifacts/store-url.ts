/** The address of a store, in one spelling: what commands send to workers, compare, print and record. */
import { realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { HabsburgError } from '../common/errors.js';

/** user:password@… : no folder is called so on purpose. */
const CREDENTIALS = /^[^/\\]*:[^/\\]*@/;

/**
 * The one spelling of a store: `file:///absolute/path` without links, `.` or a trailing slash, or `s3://bucket/prefix`. So two
 * commands that mean one store say the same, and a worker in another folder opens what the command meant.
 * @param store a folder, `file:///absolute/path`, `file:path`, or `s3://bucket/prefix`
 * @param cwd what a relative path is relative to
 * @throws 'invalid' for anything else. What was written is not repeated: people put credentials into urls
 */
export function canonicalStoreUrl(store: string, cwd = process.cwd()): string {
  if (store === '') throw new HabsburgError('invalid', 'the store url is empty; write a folder or s3://bucket/prefix');
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(store)?.[1].toLowerCase();
  if (scheme === undefined && !CREDENTIALS.test(store)) return pathToFileURL(withoutLinks(resolve(cwd, store))).href;
  const rest = store.slice(store.indexOf(':') + 1);
  if (scheme === 's3') {
    const { bucket, prefix } = bucketOf(`s3:${rest}`);
    return prefix === '' ? `s3://${bucket}` : `s3://${bucket}/${prefix}`;
  }
  if (scheme === 'file') return pathToFileURL(withoutLinks(resolve(cwd, filePath(rest)))).href;
  const what = rest.startsWith('//') ? `${scheme}:` : 'what stands before the colon';
  throw new HabsburgError(
    'invalid',
    `a store is a folder (file:///path or a path) or a bucket (s3://bucket/prefix); ${what} is neither`,
  );
}

/** @throws 'invalid', with what is wrong about an s3:// url */
export function bucketOf(url: string): { readonly bucket: string; readonly prefix: string } {
  const wrong = (why: string) => new HabsburgError('invalid', `an S3 store is written s3://bucket/prefix; ${why}`);
  const [, bucket = '', rest = ''] = /^s3:\/\/([^/]*)(.*)$/.exec(url) ?? [];
  if (/[@:%]/.test(bucket) || /[?#@]/.test(rest))
    throw wrong(
      'credentials belong in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or a profile, never in the url, and the address of a server in AWS_ENDPOINT_URL_S3',
    );
  if (bucket === '') throw wrong('this one names no bucket');
  if (!/^[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]$/.test(bucket))
    throw wrong(
      'a bucket is named with 3 to 63 lower-case letters, digits, - and ., begins and ends with a letter or digit, and has no capitals or _ in it',
    );
  return { bucket, prefix: rest.split('/').filter(Boolean).join('/') };
}

/** The path of a file: url; `file:path` and `file:/path`, too. */
function filePath(rest: string): string {
  if (!rest.startsWith('//')) return rest;
  if (/[?#]/.test(rest))
    throw new HabsburgError(
      'invalid',
      'a file:// store url takes neither ? nor #; write %3F and %23 where they belong to the name of the folder, or give its plain path',
    );
  try {
    return fileURLToPath(`file:${rest}`);
  } catch {
    throw new HabsburgError(
      'invalid',
      'the file:// store url names no local folder; write file:///absolute/path or a plain path, without host, user or password',
    );
  }
}

/** The path without links; what does not exist yet stays as it is written. */
function withoutLinks(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(withoutLinks(parent), basename(path));
  }
}
