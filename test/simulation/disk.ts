/** A disk: files, folders and hard links by path, one system call at a time. Between two calls of a task anything may happen. */
import { constants } from 'node:fs';
import { dirname, join } from 'node:path';

interface File {
  readonly bytes: Buffer[];
  modified: number;
}
type Entry = File | 'folder';

export function systemError(code: string, call: string, path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${call} '${path}'`), { code, path, syscall: call });
}

export class Disk {
  readonly #entries = new Map<string, Entry>([['/', 'folder']]);
  /** awaited before each system call */
  readonly turn: () => Promise<void>;

  constructor(turn: () => Promise<void> = () => Promise.resolve()) {
    this.turn = turn;
  }

  /** A path's entry; the parts before have to be folders. */
  #at(path: string, call: string): Entry | undefined {
    const found = this.#entries.get(path);
    if (found !== undefined) return found;
    this.#parent(path, call);
    return undefined;
  }
  #parent(path: string, call: string): void {
    const parent = dirname(path);
    if (this.#entries.get(parent) === 'folder') return;
    for (let up = parent; up !== '/'; up = dirname(up)) {
      const entry = this.#entries.get(up);
      if (entry === 'folder') break;
      if (entry !== undefined) throw systemError('ENOTDIR', call, path);
    }
    throw systemError('ENOENT', call, path);
  }
  #there(path: string, call: string): Entry {
    const found = this.#at(path, call);
    if (found === undefined) throw systemError('ENOENT', call, path);
    return found;
  }
  #file(path: string, call: string): File {
    const found = this.#there(path, call);
    if (found === 'folder') throw systemError('EISDIR', call, path);
    return found;
  }

  has(path: string): boolean {
    return this.#entries.has(path);
  }
  isFolder(path: string): boolean {
    return this.#entries.get(path) === 'folder';
  }
  children(path: string): string[] {
    const prefix = path === '/' ? '/' : `${path}/`;
    return [...this.#entries.keys()].filter(
      (one) => one.startsWith(prefix) && one !== '/' && !one.slice(prefix.length).includes('/'),
    );
  }

  makeOne(path: string): void {
    if (this.#at(path, 'mkdir') !== undefined) throw systemError('EEXIST', 'mkdir', path);
    this.#entries.set(path, 'folder');
  }
  removeOne(path: string): void {
    if (this.#there(path, 'rmdir') !== 'folder') throw systemError('ENOTDIR', 'rmdir', path);
    if (this.children(path).length > 0) throw systemError('ENOTEMPTY', 'rmdir', path);
    this.#entries.delete(path);
  }
  unlink(path: string): void {
    this.#file(path, 'unlink');
    this.#entries.delete(path);
  }
  removeAll(path: string): void {
    for (const one of [...this.#entries.keys()]) if (one === path || one.startsWith(`${path}/`)) this.#entries.delete(one);
  }
  link(from: string, to: string): void {
    const file = this.#file(from, 'link');
    if (this.#at(to, 'link') !== undefined) throw systemError('EEXIST', 'link', to);
    this.#entries.set(to, file);
  }
  rename(from: string, to: string): void {
    const what = this.#there(from, 'rename');
    const there = this.#at(to, 'rename');
    if (what !== 'folder' && there === 'folder') throw systemError('EISDIR', 'rename', to);
    if (what === 'folder' && there !== undefined) {
      if (there !== 'folder') throw systemError('ENOTDIR', 'rename', to);
      if (this.children(to).length > 0) throw systemError('ENOTEMPTY', 'rename', to);
    }
    const under = what === 'folder' ? [...this.#entries].filter(([path]) => path.startsWith(`${from}/`)) : [];
    this.#entries.delete(from);
    this.#entries.set(to, what);
    for (const [path, entry] of under) {
      this.#entries.delete(path);
      this.#entries.set(join(to, path.slice(from.length)), entry);
    }
  }
  create(path: string, now: number): File {
    this.#parent(path, 'open');
    const file: File = { bytes: [], modified: now };
    this.#entries.set(path, file);
    return file;
  }
  open(path: string, flags: string | number, now: number): Entry {
    const found = this.#at(path, 'open');
    const [makes, only, writes] =
      typeof flags === 'number'
        ? [(flags & constants.O_CREAT) !== 0, false, (flags & (constants.O_WRONLY | constants.O_RDWR)) !== 0]
        : [/[wa]/.test(flags), flags.includes('x'), /[wa+]/.test(flags)];
    if (found === undefined) {
      if (!makes) throw systemError('ENOENT', 'open', path);
      return this.create(path, now);
    }
    if (only) throw systemError('EEXIST', 'open', path);
    if (found === 'folder' && writes) throw systemError('EISDIR', 'open', path);
    return found;
  }
  look(path: string): Entry {
    return this.#there(path, 'stat');
  }
  read(path: string): Buffer {
    return Buffer.concat(this.#file(path, 'open').bytes);
  }
}
