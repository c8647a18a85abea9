/** Folders as a whole: what is in one, and how one appears complete or not at all. */
import { randomBytes } from 'node:crypto';
import { readdir, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fromSystemError, HabsburgError } from '../common/errors.js';
import { makeFolder } from '../common/make-folder.mjs';
import { checkFilePath } from './keys.js';

/** Relative paths of a folder's files, '/'-separated, in code-unit order. A link or device in it is refused. */
export async function filesOf(folder: string): Promise<string[]> {
  const paths: string[] = [];
  const walk = async (at: string): Promise<void> => {
    for (const entry of await readdir(join(folder, at), { withFileTypes: true })) {
      const path = at === '' ? entry.name : `${at}/${entry.name}`;
      checkFilePath(path, folder);
      if (entry.isDirectory()) await walk(path);
      else if (entry.isFile()) paths.push(path);
      else
        throw new HabsburgError(
          'invalid',
          `${join(folder, path)} is neither a file nor a folder; an artifact holds plain files only`,
        );
    }
  };
  try {
    await walk('');
  } catch (error) {
    throw fromSystemError(error, `reading ${folder}`);
  }
  return paths.sort((a, b) => (a < b ? -1 : 1));
}

/** Fills a temporary folder beside `folder`, then renames it: `folder` appears whole or not at all. An empty `folder` may exist. */
export async function intoFolder(folder: string, fill: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = `${folder}.part-${randomBytes(6).toString('hex')}`;
  try {
    makeFolder(temporary);
    await fill(temporary);
    await rmdir(folder).catch(() => undefined);
    await rename(temporary, folder);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOTEMPTY' || code === 'EEXIST')
      throw new HabsburgError('invalid', `${folder} exists and is not empty; name another folder or empty it`, { cause: error });
    throw fromSystemError(error, `writing ${folder}`);
  }
}
