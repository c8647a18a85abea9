/** Objects as files of a folder: written to a temporary file, flushed, then renamed or linked, so a reader sees all of an object or none. */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, link, mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { fromSystemError, HabsburgError } from '../common/errors.js';
import { checkKey, checkPrefix } from './keys.js';
import type { ObjectSource, ObjectStore } from './types.js';

/** '~' is in no key, so the folder of temporary files can hide no object. */
const TEMPORARY = '~tmp';
/** A temporary file that old belongs to a writer that was killed. */
const STALE_MS = 24 * 3600 * 1000;

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException | undefined)?.code ?? '';
}

/** `file:///abs/path`, `file:path` or a plain path to an absolute path. */
export function folderOf(url: string): string {
  if (url.startsWith('file://')) {
    try {
      return fileURLToPath(url);
    } catch (cause) {
      throw new HabsburgError('invalid', `${url} names no local folder; write file:///absolute/path or a plain path`, { cause });
    }
  }
  return resolve(url.startsWith('file:') ? url.slice('file:'.length) : url);
}

export class FileObjectStore implements ObjectStore {
  readonly url: string;
  readonly #root: string;
  #swept = false;

  /** @param url `file:///abs/path`, `file:path` or a path; created at the first write */
  constructor(url: string) {
    this.#root = folderOf(url);
    this.url = pathToFileURL(this.#root).href;
  }

  #path(key: string): string {
    checkKey(key);
    return join(this.#root, key);
  }

  async put(key: string, source: ObjectSource): Promise<void> {
    await this.#write(key, source, async (temporary, path) => {
      await rename(temporary, path);
      return true;
    });
  }

  async putIfAbsent(key: string, source: ObjectSource): Promise<boolean> {
    if (await this.stat(key)) return false;
    return this.#write(key, source, async (temporary, path) => {
      try {
        await link(temporary, path); // fails where the object exists: atomic, unlike looking first
        return true;
      } catch (error) {
        if (codeOf(error) === 'EEXIST') return false;
        if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(codeOf(error))) throw error;
        // no hard links on this file system; equal content makes the race harmless
        if (await this.stat(key)) return false;
        await rename(temporary, path);
        return true;
      }
    });
  }

  /** Writes a flushed temporary file and lets `publish` give it its name; false where publish found the name taken. */
  async #write(
    key: string,
    source: ObjectSource,
    publish: (temporary: string, path: string) => Promise<boolean>,
  ): Promise<boolean> {
    const path = this.#path(key);
    const temporary = join(this.#root, TEMPORARY, `${process.pid}-${randomBytes(8).toString('hex')}`);
    try {
      await mkdir(dirname(temporary), { recursive: true });
      await this.#sweep();
      if ('file' in source) await copyFile(source.file, temporary, constants.COPYFILE_FICLONE);
      const file = await open(temporary, 'file' in source ? 'r+' : 'wx');
      try {
        if ('bytes' in source) await file.writeFile(source.bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      for (let attempt = 0; ; attempt++) {
        await mkdir(dirname(path), { recursive: true });
        try {
          if (!(await publish(temporary, path))) return false;
          break;
        } catch (error) {
          // a delete() beside us may take an empty folder away between mkdir and rename
          if (codeOf(error) !== 'ENOENT' || attempt === 9) throw error;
        }
      }
      await syncFolder(dirname(path));
      return true;
    } catch (error) {
      throw fromSystemError(error, `writing ${key} to ${this.url}`);
    } finally {
      await rm(temporary, { force: true }).catch(() => undefined);
    }
  }

  /** Removes what killed writers left, once per store object. */
  async #sweep(): Promise<void> {
    if (this.#swept) return;
    this.#swept = true;
    const folder = join(this.#root, TEMPORARY);
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      const age = await stat(path).then(
        (s) => Date.now() - s.mtimeMs,
        () => 0,
      );
      if (age > STALE_MS) await rm(path, { force: true });
    }
  }

  async get(key: string): Promise<NodeJS.ReadableStream> {
    const path = this.#path(key);
    try {
      const file = await open(path, 'r');
      if ((await file.stat()).isFile()) return file.createReadStream({ highWaterMark: 1 << 18 });
      await file.close();
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTDIR')
        throw fromSystemError(error, `reading ${key} from ${this.url}`);
    }
    throw new HabsburgError('notFound', `${key} is not in the store ${this.url}`);
  }

  async stat(key: string): Promise<{ size: number } | undefined> {
    try {
      const found = await stat(this.#path(key));
      return found.isFile() ? { size: found.size } : undefined;
    } catch (error) {
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
      throw fromSystemError(error, `looking up ${key} in ${this.url}`);
    }
  }

  async *list(prefix: string): AsyncIterable<string> {
    checkPrefix(prefix);
    yield* this.#walk(prefix.slice(0, prefix.lastIndexOf('/') + 1), prefix);
  }

  /** Keys under `folder` ('' or ending in '/') that start with `prefix`. */
  async *#walk(folder: string, prefix: string): AsyncIterable<string> {
    const entries = await readdir(join(this.#root, folder), { withFileTypes: true }).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return [];
      throw fromSystemError(error, `listing ${folder} in ${this.url}`);
    });
    // a folder sorts with its slash, or "a-b" and "a/b" would swap places
    const names = entries.filter((e) => e.isFile() || e.isDirectory()).map((e) => (e.isDirectory() ? `${e.name}/` : e.name));
    for (const name of names.sort((a, b) => (a < b ? -1 : 1))) {
      const key = folder + name;
      if (key === `${TEMPORARY}/`) continue;
      if (name.endsWith('/')) {
        if (key.startsWith(prefix) || prefix.startsWith(key)) yield* this.#walk(key, prefix);
      } else if (key.startsWith(prefix)) yield key;
    }
  }

  async delete(key: string): Promise<void> {
    const path = this.#path(key);
    try {
      await rm(path);
      // empty folders go too, upwards until one is in use
      for (let folder = dirname(path); folder.length > this.#root.length; folder = dirname(folder)) await rmdir(folder);
    } catch (error) {
      if (['ENOENT', 'ENOTDIR', 'ENOTEMPTY', 'EEXIST', 'EBUSY'].includes(codeOf(error))) return;
      throw fromSystemError(error, `deleting ${key} from ${this.url}`);
    }
  }
}

/** Flushes a folder's entries, so that a rename survives a power cut. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  try {
    await handle?.sync();
  } catch (error) {
    if (!['EINVAL', 'EPERM', 'EISDIR', 'ENOTSUP'].includes(codeOf(error))) throw error;
  } finally {
    await handle?.close();
  }
}
