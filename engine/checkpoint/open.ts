/** Opens weight files. */
import { open, type FileHandle } from 'node:fs/promises';
import { fromSystemError } from '../../common/errors.js';

/** @throws HabsburgError naming the file, `notFound` where it is not there */
export async function openToRead(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    throw fromSystemError(error, `cannot open ${path}`);
  }
}
