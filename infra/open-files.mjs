// The limit of open files. Node loads our modules many at a time, and where it may not open them it speaks of missing packages.
import { readFileSync } from 'node:fs';

/** Enough for a run; the usual limits are 1,024 and more. */
const LEAST = 256;

/**
 * @param {string} [limits] what Linux says of this process; other systems are not asked
 * @returns {string | undefined} a sentence with the fix where too few files may be open
 */
export function openFilesProblem(limits = readLimits()) {
  const limit = Number(/^Max open files +(\d+)/m.exec(limits)?.[1]);
  if (!(limit < LEAST)) return undefined;
  return `only ${limit} files may be open at a time, and ${LEAST} are needed; raise the limit (ulimit -n 4096), or have it raised where this shell was started`;
}

function readLimits() {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return '';
  }
}

/** Ends the process with a sentence and exit code 6 (resources) where too few files may be open. */
export function requireOpenFiles() {
  const problem = openFilesProblem();
  if (problem === undefined) return;
  process.stderr.write(`habsburg: ${problem}\n`);
  process.exit(6);
}
