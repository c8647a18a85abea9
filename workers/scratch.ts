/** Where a worker's running steps keep their files: a folder of this process alone, that nobody can have made before it. */
import { lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromSystemError } from '../common/errors.js';
import { makeFolder } from '../common/make-folder.mjs';
import { isAlive } from '../infra/process.mjs';

export interface Scratch {
  /** the folder; made again (under another name) where somebody took it away or put something else in its place */
  readonly path: string;
  remove(): void;
}

/** Process ids say something on their own machine only. */
const PREFIX = `habsburg-worker-${hostname().replaceAll(/[^A-Za-z0-9.-]/g, '_')}-`;

/**
 * Makes the folder (0700), and removes those that killed workers of ours left beside it.
 * @param base where; default: the system's temporary folder
 */
export function makeScratch(base: string = tmpdir()): Scratch {
  const make = () => mkdtempSync(join(base, `${PREFIX}${process.pid}-`));
  try {
    makeFolder(base, 0o700);
    removeAbandoned(base);
    let path = make();
    return {
      get path() {
        if (!isOurs(path)) path = make();
        return path;
      },
      remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 3 }),
    };
  } catch (error) {
    throw fromSystemError(error, `making a folder for running steps in ${base}`);
  }
}

function removeAbandoned(base: string): void {
  for (const name of readdirSync(base)) {
    if (!name.startsWith(PREFIX)) continue;
    const pid = Number(/^\d+/.exec(name.slice(PREFIX.length))?.[0]);
    const path = join(base, name);
    // another user's is left alone, and so is a link
    if (pid > 0 && !isAlive(pid) && isOurs(path)) rmSync(path, { recursive: true, force: true, maxRetries: 3 });
  }
}

function isOurs(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found !== undefined && found.isDirectory() && (process.getuid === undefined || found.uid === process.getuid());
}
