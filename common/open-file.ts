/** Opens a file that somebody gave: what lies at a path is looked at before anything is read from it. */
import { open, stat, type FileHandle } from 'node:fs/promises';
import { fromSystemError, HabsburgError } from './errors.js';
import { noFile } from './text-file.js';

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
