/** A store in this process's memory, for tests that write and read a great deal. */
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { ObjectSource, ObjectStat, ObjectStore } from '../../artifacts/types.js';
import { HabsburgError } from '../../common/errors.js';

export class MemoryStore implements ObjectStore {
  readonly url = 'memory://';
  readonly objects = new Map<string, Buffer>();
  readonly modified = new Map<string, number>();
  /** the store's clock, in ms */
  now: () => number = Date.now;

  async put(key: string, source: ObjectSource): Promise<void> {
    const bytes = 'file' in source ? await readFile(source.file) : Buffer.from(source.bytes);
    this.objects.set(key, bytes);
    this.modified.set(key, this.now());
  }
  async putIfAbsent(key: string, source: ObjectSource): Promise<boolean> {
    if (this.objects.has(key)) return false;
    await this.put(key, source);
    return true;
  }
  async get(key: string): Promise<NodeJS.ReadableStream> {
    return Readable.from([await this.read(key)]);
  }
  async read(key: string): Promise<Buffer> {
    const found = this.objects.get(key);
    if (!found) throw new HabsburgError('notFound', `no object ${key}`);
    return found;
  }
  async stat(key: string): Promise<ObjectStat | undefined> {
    const found = this.objects.get(key);
    return found && { size: found.byteLength, modified: this.modified.get(key) ?? 0 };
  }
  async *list(prefix: string): AsyncIterable<string> {
    yield* [...this.objects.keys()].filter((key) => key.startsWith(prefix)).sort();
  }
  async delete(key: string): Promise<void> {
    this.objects.delete(key);
  }
  async move(from: string, to: string): Promise<boolean> {
    const found = this.objects.get(from);
    if (!found) return false;
    this.objects.set(to, found);
    this.modified.set(to, this.modified.get(from) ?? 0);
    this.objects.delete(from);
    return true;
  }
}
