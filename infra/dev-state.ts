/** home/dev.json: who runs the development environment of a folder, and where it answers. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fromSystemError } from '../common/errors.js';
import { makeFolder } from '../common/make-folder.mjs';

export interface DevState {
  version: 1;
  /** the process that supervises */
  pid: number;
  address: string;
  namespace: string;
  /** whether it stays until somebody stops it, and not until one run is done */
  standing?: boolean;
  /** Temporal's own page; absent where the server is not ours */
  uiUrl?: string;
  /** process ids now, by name: `temporal`, `workflow`, `cpu` */
  processes: Record<string, number>;
}

export const stateFile = (home: string): string => join(home, 'dev.json');

/** Written whole or not at all: readers may look at any moment. */
export function writeState(home: string, state: DevState): void {
  const file = stateFile(home);
  try {
    makeFolder(home, 0o700);
    writeFileSync(`${file}.${process.pid}`, `${JSON.stringify(state, undefined, 2)}\n`, { mode: 0o600 });
    renameSync(`${file}.${process.pid}`, file);
  } catch (error) {
    throw fromSystemError(error, `writing ${file}`);
  }
}

/** The state last written, or undefined where there is none that can be read. */
export function readState(home: string): DevState | undefined {
  try {
    const state = JSON.parse(readFileSync(stateFile(home), 'utf8')) as DevState;
    return state.version === 1 ? state : undefined;
  } catch {
    return undefined;
  }
}

/** The command line of a running process; empty where it is gone or cannot be seen. */
export function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return spawnSync('ps', ['-p', String(pid), '-o', 'command='], { encoding: 'utf8' }).stdout ?? '';
  }
}
