/** Objects as files of a folder: written to a temporary file, flushed, then renamed or linked, so a reader sees all of an object or none. */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import {
  copyFile,
  link,
  lstat,
  lutimes,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  stat,
  unlink,
  type FileHandle,
} from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { fromSystemError, HabsburgError } from '../common/errors.js';
import { checkKey, checkPrefix, tooLarge } from './keys.js';
import type { ObjectSource, ObjectStat, ObjectStore } from './types.js';

/** '~' is in no key, so the folder of temporary files can hide no object. */
const TEMPORARY = '~tmp';
/** A temporary file that old belongs to a writer that was killed. */
const STALE_MS = 24 * 3600 * 1000;
/** What a write says when a folder went, or came, between two of its calls. */
const PASSING: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'EEXIST', 'EISDIR', 'ESTALE']);
const WRITES = 12;

/** Gives a temporary file its name; false where the name is taken. */
type Publish = (temporary: string, path: string) => Promise<boolean>;

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
      await rename(temporary, path).catch(async (error: unknown) => {
        if (codeOf(error) === 'EISDIR') await this.#moveAside(path);
        throw error;
      });
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
        if (codeOf(error) === 'EEXIST') {
          if (await this.stat(key)) return false;
          // gone again by now, or a folder, or a link to nowhere: no object either way
          await this.#moveAside(path);
          throw error;
        }
        if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(codeOf(error))) throw error;
        // no hard links on this file system; equal content makes the race harmless
        if (await this.stat(key)) return false;
        await rename(temporary, path);
        return true;
      }
    });
  }

  /**
   * Writes a flushed temporary file and lets `publish` give it its name; false where publish found the name taken. Folders may
   * be made and taken away beside us by anybody at any moment, so it is the whole of it that is tried again, not a part.
   */
  async #write(key: string, source: ObjectSource, publish: Publish): Promise<boolean> {
    const path = this.#path(key);
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          return await this.#writeOnce(path, source, publish);
        } catch (error) {
          const sourceGone = 'file' in source && codeOf(error) === 'ENOENT' && !(await isThere(source.file));
          if (!PASSING.has(codeOf(error)) || sourceGone) throw error;
          if (attempt === WRITES) throw await this.#blocked(key, error);
          await sleep(attempt);
        }
      }
    } catch (error) {
      throw fromSystemError(error, `writing ${key} to ${this.url}`);
    }
  }

  async #writeOnce(path: string, source: ObjectSource, publish: Publish): Promise<boolean> {
    const temporary = this.#temporary();
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
      await mkdir(dirname(path), { recursive: true });
      const written = await publish(temporary, path);
      if (written) await syncFolder(dirname(path));
      return written;
    } finally {
      await rm(temporary, { force: true }).catch(() => undefined);
    }
  }

  #temporary(): string {
    return join(this.#root, TEMPORARY, `${process.pid}-${randomBytes(8).toString('hex')}`);
  }

  /** Makes room for an object where a folder or a link lies: it goes to the temporary files, and with them a day later. */
  async #moveAside(path: string): Promise<void> {
    const aside = this.#temporary();
    await rename(path, aside).then(
      () => lutimes(aside, new Date(), new Date()),
      (error: unknown) => {
        if (codeOf(error) !== 'ENOENT') throw error;
      },
    );
  }

  /** Why a write failed again and again: a file stands where a folder has to be, or the store's folder is taken away. */
  async #blocked(key: string, cause: unknown): Promise<HabsburgError> {
    const names = key.split('/').slice(0, -1);
    for (let n = 0; n <= names.length; n++) {
      const folder = join(this.#root, ...names.slice(0, n));
      if (
        await stat(folder).then(
          (found) => !found.isDirectory(),
          () => false,
        )
      )
        // prettier-ignore
        return new HabsburgError(
          'invalid',
          `writing ${key} to ${this.url}: ${folder} is a file where the store has to have a folder; move it away`,
          { cause },
        );
    }
    return new HabsburgError(
      'unreachable',
      `writing ${key} to ${this.url}: the store's folder is not there, or is taken away again and again (${(cause as Error).message})`,
      { cause },
    );
  }

  /** Removes what killed writers left, once per store object. */
  async #sweep(): Promise<void> {
    if (this.#swept) return;
    this.#swept = true;
    const folder = join(this.#root, TEMPORARY);
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      const age = await lstat(path).then(
        (s) => Date.now() - s.mtimeMs,
        () => 0,
      );
      if (age > STALE_MS) await rm(path, { force: true, recursive: true });
    }
  }

  async get(key: string): Promise<NodeJS.ReadableStream> {
    return (await this.#open(key)).createReadStream({ highWaterMark: 1 << 18 });
  }

  async read(key: string, limit: number): Promise<Buffer> {
    const file = await this.#open(key);
    try {
      const { size } = await file.stat();
      if (size > limit) throw tooLarge(key, this.url, limit);
      return await file.readFile();
    } catch (error) {
      throw fromSystemError(error, `reading ${key} from ${this.url}`);
    } finally {
      await file.close();
    }
  }

  async #open(key: string): Promise<FileHandle> {
    const path = this.#path(key);
    try {
      // without waiting: a pipe in an object's place must not hold us
      const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
      if ((await file.stat()).isFile()) return file;
      await file.close();
    } catch (error) {
      if (!['ENOENT', 'ENOTDIR', 'ENXIO', 'ELOOP'].includes(codeOf(error)))
        throw fromSystemError(error, `reading ${key} from ${this.url}`);
    }
    throw new HabsburgError('notFound', `${key} is not in the store ${this.url}`);
  }

  async stat(key: string): Promise<ObjectStat | undefined> {
    try {
      const found = await stat(this.#path(key));
      return found.isFile() ? { size: found.size, modified: found.mtimeMs } : undefined;
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

  /** The folder stays, also where it is empty now: another writer may be about to put something there. */
  async delete(key: string): Promise<void> {
    try {
      await unlink(this.#path(key));
    } catch (error) {
      if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes(codeOf(error))) return;
      throw fromSystemError(error, `deleting ${key} from ${this.url}`);
    }
  }

  async move(from: string, to: string): Promise<boolean> {
    const [source, target] = [this.#path(from), this.#path(to)];
    for (let attempt = 1; ; attempt++) {
      try {
        if (!(await this.stat(from))) return false;
        await mkdir(dirname(target), { recursive: true });
        await rename(source, target);
        await Promise.all([syncFolder(dirname(target)), syncFolder(dirname(source))]);
        return true;
      } catch (error) {
        if (!PASSING.has(codeOf(error))) throw fromSystemError(error, `moving ${from} to ${to} in ${this.url}`);
        if (attempt === WRITES) throw await this.#blocked(to, error);
        await sleep(attempt);
      }
    }
  }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
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
