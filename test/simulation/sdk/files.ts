/** Stands in for node:fs/promises, over the simulated disk. A call of the library may be several of the system, as it really is. */
import { dirname } from 'node:path';
import type { Disk } from '../disk.js';
import { systemError } from '../disk.js';
import { here } from '../simulation.js';

export * from 'node:fs/promises';

let disk: Disk;
export function mount(another: Disk): void {
  disk = another;
}
export const mounted = (): Disk => disk;

async function call<T>(act: () => T): Promise<T> {
  await disk.turn();
  return act();
}

type Entry = ReturnType<Disk['look']>;
const statOf = (entry: Entry) => ({
  size: entry === 'folder' ? 0 : entry.bytes.reduce((sum, { byteLength }) => sum + byteLength, 0),
  mtimeMs: entry === 'folder' ? 0 : entry.modified,
  isFile: () => entry !== 'folder',
  isDirectory: () => entry === 'folder',
});

/** As Node makes folders: from the last one up to the first that can be made, and down again; a look where one is there. */
export async function mkdir(path: string, options: { readonly recursive?: boolean } = {}): Promise<void> {
  if (!options.recursive) return call(() => disk.makeOne(path));
  const missing = [path];
  while (missing.length > 0) {
    const next = missing.pop()!;
    try {
      await call(() => disk.makeOne(next));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' && dirname(next) !== next) {
        missing.push(next, dirname(next));
        continue;
      }
      const found = await call(() => disk.look(next)); // gone again by now: that is what it fails with
      if (found !== 'folder') throw systemError(missing.length > 0 ? 'ENOTDIR' : 'EEXIST', 'mkdir', path);
    }
  }
}
export async function mkdtemp(prefix: string): Promise<string> {
  const path = `${prefix}${here()
    .pick(2 ** 30)
    .toString(36)}`;
  await call(() => disk.makeOne(path));
  return path;
}
export const rmdir = (path: string) => call(() => disk.removeOne(path));
export const unlink = (path: string) => call(() => disk.unlink(path));
export const rename = (from: string, to: string) => call(() => disk.rename(from, to));
export const link = (from: string, to: string) => call(() => disk.link(from, to));
export const lutimes = (path: string) => call(() => void disk.look(path));
export const stat = (path: string) => call(() => statOf(disk.look(path)));
export const lstat = stat;
/** There is always room on it. */
export const statfs = () => call(() => ({ bavail: 2 ** 30, bsize: 4096 }));
export async function rm(path: string, options: { readonly force?: boolean; readonly recursive?: boolean } = {}): Promise<void> {
  await call(() => {
    if (!disk.has(path) && options.force) return;
    if (options.recursive) disk.removeAll(path);
    else disk.unlink(path);
  });
}
export async function copyFile(from: string, to: string): Promise<void> {
  const bytes = await call(() => disk.read(from));
  const file = await call(() => disk.open(to, 'w', here().now));
  if (file !== 'folder') file.bytes.splice(0, file.bytes.length, bytes);
}
export async function readdir(path: string, options: { readonly withFileTypes?: boolean } = {}): Promise<unknown[]> {
  return call(() => {
    if (disk.look(path) !== 'folder') throw systemError('ENOTDIR', 'readdir', path);
    return disk.children(path).map((child) => {
      const name = child.slice(path === '/' ? 1 : path.length + 1);
      if (!options.withFileTypes) return name;
      const folder = disk.isFolder(child);
      return { name, isFile: () => !folder, isDirectory: () => folder };
    });
  });
}
export async function readFile(path: string, encoding?: BufferEncoding): Promise<Buffer | string> {
  const bytes = await call(() => disk.read(path));
  return encoding ? bytes.toString(encoding) : bytes;
}
export async function writeFile(path: string, text: string | Uint8Array): Promise<void> {
  const file = await open(path, 'w');
  await file.writeFile(text);
}
export async function open(path: string, flags: string | number = 'r') {
  const entry = await call(() => disk.open(path, flags, here().now));
  const content = () => (entry === 'folder' ? Buffer.alloc(0) : Buffer.concat(entry.bytes));
  return {
    writeFile: (text: string | Uint8Array) =>
      call(() => void (entry !== 'folder' && entry.bytes.push(Buffer.from(text as string)))),
    write: (bytes: Uint8Array, from: number, count: number) =>
      call(() => {
        if (entry !== 'folder') entry.bytes.push(Buffer.from(bytes.subarray(from, from + count)));
        return { bytesWritten: count };
      }),
    readFile: () => call(content),
    stat: () => call(() => statOf(entry)),
    sync: () => call(() => undefined),
    close: () => Promise.resolve(),
    async *createReadStream() {
      yield await call(content);
    },
  };
}
