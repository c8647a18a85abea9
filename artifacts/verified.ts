/** Streaming with a hash beside it: bytes count only once their size and SHA-256 are what the manifest says. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Digest } from '../common/canonical.js';
import { fromSystemError, HabsburgError } from '../common/errors.js';
import { again } from './again.js';
import { blobKey } from './keys.js';
import { getKept } from './trash.js';
import type { ObjectStore } from './types.js';

/** A file below this size is hashed before the store is believed to hold it; of a larger one the size is checked, the hash at the next read. */
export const HASH_BELOW = 16 * 1024 * 1024;

/** What a stream turned out to hold. */
export interface Measured {
  readonly digest: Digest;
  readonly size: number;
}

/** Hashes a stream to its end, handing each chunk on. Stops reading once more than `limit` bytes came. */
export async function measure(
  stream: AsyncIterable<Uint8Array | string>,
  sink?: (chunk: Uint8Array) => unknown,
  limit = Infinity,
): Promise<Measured> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const piece of stream) {
    const chunk = typeof piece === 'string' ? Buffer.from(piece) : piece;
    size += chunk.byteLength;
    hash.update(chunk);
    if (size > limit) break;
    await sink?.(chunk);
  }
  return { digest: `sha256:${hash.digest('hex')}`, size };
}

/**
 * A blob's bytes to their end; those that do not have its hash are read again, for the way there may have changed them.
 * @throws 'verification' where they never have it, 'notFound' where there is none
 */
export function hashBlob(objects: ObjectStore, digest: Digest): Promise<Measured> {
  const key = blobKey(digest);
  return again(`reading ${key} from ${objects.url}`, async () => {
    const found = await measure((await getKept(objects, key)) as AsyncIterable<Uint8Array>);
    if (found.digest === digest) return found;
    throw new HabsburgError('verification', `its bytes have the hash ${found.digest}`);
  });
}

export async function measureFile(path: string): Promise<Measured> {
  try {
    return await measure(createReadStream(path, { highWaterMark: 1 << 18 }));
  } catch (error) {
    throw fromSystemError(error, `reading ${path}`);
  }
}

/** Writes a stream to a new file and says what it held. `from` words the source for an error. */
export async function download(
  stream: AsyncIterable<Uint8Array | string>,
  path: string,
  from: string,
  limit?: number,
): Promise<Measured> {
  const file = await open(path, 'wx').catch((error: unknown) => {
    throw fromSystemError(error, `writing ${path}`);
  });
  try {
    return await measure(stream, (chunk) => writeAll(file, chunk), limit);
  } catch (error) {
    throw fromSystemError(error, from);
  } finally {
    await file.close();
  }
}

async function writeAll(
  file: { write(b: Uint8Array, o: number, n: number): Promise<{ bytesWritten: number }> },
  chunk: Uint8Array,
): Promise<void> {
  for (let done = 0; done < chunk.byteLength;) done += (await file.write(chunk, done, chunk.byteLength - done)).bytesWritten;
}
