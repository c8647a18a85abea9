/** Whether a file is still the one that it was: a user's file may be written to while it is read. */
import { stat } from 'node:fs/promises';
import { fromSystemError } from './errors.js';

/** Which file it is, its size and when it was last written to. */
export async function fileState(path: string): Promise<string> {
  const { ino, size, mtimeNs } = await stat(path, { bigint: true }).catch((error: unknown) => {
    throw fromSystemError(error, `reading ${path}`);
  });
  return `${ino} ${size} ${mtimeNs}`;
}
