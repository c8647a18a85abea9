/** Opens the files of checkpoints: what lies at a path is looked at before anything is read from it. */
import { open, stat, type FileHandle } from 'node:fs/promises';
import { fromSystemError, HabsburgError } from '../../common/errors.js';
import { noFile } from '../../common/text-file.js';

/** How a Git LFS pointer begins, which lies in a clone in place of a file that was not fetched. */
const POINTER = 'version https://git-lfs.github.com/spec/';

/**
 * @returns the open file, which its caller closes
 * @throws HabsburgError naming the file: `notFound` where it is not there, `invalid` where it is no regular file (a pipe would never
 *   end, a device is endless)
 */
export async function openToRead(path: string): Promise<FileHandle> {
  try {
    const found = await stat(path);
    const wrong = noFile(found);
    if (wrong !== undefined) throw new HabsburgError('invalid', `cannot open ${path}: ${wrong}`);
    return await open(path, 'r');
  } catch (error) {
    throw fromSystemError(error, `cannot open ${path}`);
  }
}

/** The first bytes of an open file, or as many as it has. */
export async function firstBytes(file: FileHandle, count: number): Promise<Buffer> {
  const bytes = Buffer.alloc(count);
  const { bytesRead } = await file.read(bytes, 0, count, 0);
  return bytes.subarray(0, bytesRead);
}

/** @throws HabsburgError `verification` for a Git LFS pointer */
export function refusePointer(path: string, start: Uint8Array): void {
  if (Buffer.from(start.subarray(0, POINTER.length)).toString('latin1') === POINTER)
    throw new HabsburgError('verification', `${path} is a Git LFS pointer, not the file itself; fetch it with git lfs pull`);
}

/**
 * Opens a file of weights. Errors are openToRead's, and `verification` for a Git LFS pointer.
 * @param read gets the open file and its size
 */
export async function withWeightFile<T>(path: string, read: (file: FileHandle, size: number) => Promise<T>): Promise<T> {
  const file = await openToRead(path);
  try {
    refusePointer(path, await firstBytes(file, POINTER.length));
    return await read(file, (await file.stat()).size);
  } finally {
    await file.close();
  }
}
