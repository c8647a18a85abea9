/** Opens the weight files of checkpoints. */
import type { FileHandle } from 'node:fs/promises';
import { HabsburgError } from '../../common/errors.js';
import { firstBytes, openToRead } from '../../common/open-file.js';

/** How a Git LFS pointer begins, which lies in a clone in place of a file that was not fetched. */
const POINTER = 'version https://git-lfs.github.com/spec/';

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
