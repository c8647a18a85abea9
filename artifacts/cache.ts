/** A local folder of blobs already read, so that a worker downloads none twice. Verified at each use; may be emptied at any time. */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Digest } from '../common/canonical.js';
import { fromSystemError } from '../common/errors.js';
import { makeFolder } from '../common/make-folder.mjs';
import { hexOf } from './keys.js';
import { measureFile } from './verified.js';

export class BlobCache {
  constructor(readonly folder: string) {}

  #path(digest: Digest): string {
    const hex = hexOf(digest);
    return join(this.folder, hex.slice(0, 2), hex);
  }

  /** Copies a cached blob to `target`; false where there is none, or none that still has its hash. Copies share blocks where the file system can. */
  async take(digest: Digest, target: string): Promise<boolean> {
    const path = this.#path(digest);
    try {
      await copyFile(path, target, constants.COPYFILE_FICLONE);
    } catch (error) {
      await rm(target, { force: true });
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw fromSystemError(error, `copying ${path}`);
    }
    // the copy is hashed, not the original: nothing can change in between
    if ((await measureFile(target)).digest === digest) return true;
    await rm(path, { force: true });
    await rm(target, { force: true });
    return false;
  }

  /** Keeps a copy of a file whose digest was just checked. */
  async keep(digest: Digest, source: string): Promise<void> {
    const path = this.#path(digest);
    if (
      await stat(path).then(
        () => true,
        () => false,
      )
    )
      return;
    const temporary = `${path}.${randomBytes(6).toString('hex')}`;
    try {
      makeFolder(dirname(path));
      await copyFile(source, temporary, constants.COPYFILE_FICLONE);
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw fromSystemError(error, `caching ${path}`);
    }
  }
}
