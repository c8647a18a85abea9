/** Exports of the household of two models (test/lineage/support.ts). */
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeExport } from '../../exports/files.js';
import { formats } from '../../exports/index.js';
import { readSubject } from '../../exports/subject.js';
import type { Subject } from '../../exports/types.js';
import { readGraph } from '../../lineage/graph.js';
import { openModelKey } from '../../signing/model-key.js';
import type { Household } from '../lineage/support.js';

/** A folder for a test file's exports. */
export class Exports {
  readonly root = mkdtempSync(join(tmpdir(), 'habsburg-exports-'));
  #count = 0;

  constructor(readonly house: Household) {}

  /** @param name of an artifact of the household */
  async subject(name: string): Promise<Subject> {
    const { kind, digest, size } = this.house.made[name];
    return readSubject(this.house.store, await readGraph(this.house.store), { kind, digest, size });
  }

  /** An artifact of the household in a format, as a new folder. */
  async write(format: string, name: string): Promise<string> {
    const to = join(this.root, `${format}-${this.#count++}`);
    const { objects } = this.house.store;
    const files = await formats
      .find((one) => one.name === format)!
      .files(await this.subject(name), {
        read: (key) => objects.read(key, Infinity),
        list: (prefix) => objects.list(prefix),
        modelKey: () => openModelKey(join(this.root, 'keys', 'model-signing.pem')),
        version: '0.1.0',
      });
    await writeExport(this.house.store, files, to);
    return to;
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** Every file of a folder by its path. */
export function filesIn(folder: string): Record<string, Buffer> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
    statSync(join(folder, path)).isFile(),
  );
  return Object.fromEntries(paths.sort().map((path) => [path.replaceAll('\\', '/'), readFileSync(join(folder, path))]));
}

/** Flips the lowest bit of a byte, the middle one where none is said. */
export function flip(file: string, at?: number): void {
  const bytes = readFileSync(file);
  bytes[at ?? bytes.length >> 1] ^= 1;
  writeFileSync(file, bytes);
}

/** Changes the JSON of a file. */
export function edit(file: string, change: (value: any) => void): void {
  const value = JSON.parse(readFileSync(file, 'utf8')) as unknown;
  change(value);
  writeFileSync(file, JSON.stringify(value));
}
