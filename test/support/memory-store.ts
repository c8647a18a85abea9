/** A store in this process's memory, for tests that write and read a great deal. */
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { ObjectSource, ObjectStore } from '../../artifacts/types.js';
import { HabsburgError } from '../../common/errors.js';

export class MemoryStore implements ObjectStore {
  readonly url = 'memory://';
  readonly objects = new Map<string, Buffer>();

  async put(key: string, source: ObjectSource): Promise<void> {
    this.objects.set(key, 'file' in source ? await readFile(source.file) : Buffer.from(source.bytes));
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
  async stat(key: string): Promise<{ size: number } | undefined> {
    const found = this.objects.get(key);
    return found && { size: found.byteLength };
  }
  async *list(prefix: string): AsyncIterable<string> {
    yield* [...this.objects.keys()].filter((key) => key.startsWith(prefix)).sort();
  }
  async delete(key: string): Promise<void> {
    this.objects.delete(key);
  }
}
