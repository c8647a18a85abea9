// Running a command to its end: output by line, its tail kept for the error message, a time limit, no orphan on Ctrl-C.
import { execFileSync, spawn } from 'node:child_process';
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Lines of output that an error message may quote. */
const TAIL_LINES = 40;

/** @typedef {{ code: number | null, signal: NodeJS.Signals | null, stdout: string, tail: string, timedOut: boolean }} Outcome */

/**
 * Runs a command and resolves with how it ended; rejects only when it cannot be started.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number, onLine?: (line: string) => void,
 *           signal?: AbortSignal }} [options] an aborted signal ends the command with SIGTERM
 * @returns {Promise<Outcome>}
 */
export function runCommand(command, args, { cwd, env = process.env, timeoutMs, onLine, signal } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], signal });
    const tail = /** @type {string[]} */ ([]);
    let stdout = '';
    let timedOut = false;
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            timedOut = true;
            child.kill('SIGKILL');
          }, timeoutMs);
    const killChild = () => child.kill('SIGTERM');
    process.once('exit', killChild);
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
    });
    for (const stream of [child.stdout, child.stderr]) {
      let rest = '';
      stream.setEncoding('utf8').on('data', (text) => {
        const lines = (rest + text).split(/\r?\n/);
        rest = lines.pop() ?? '';
        for (const line of lines) take(line);
      });
      stream.on('end', () => rest && take(rest));
    }
    /** @param {string} line */
    const take = (line) => {
      if (tail.push(line) > TAIL_LINES) tail.shift();
      onLine?.(line);
    };
    const settle = () => {
      clearTimeout(timer);
      process.removeListener('exit', killChild);
    };
    child.on('error', (error) => {
      settle();
      reject(error);
    });
    child.on('close', (code, signal) => {
      settle();
      resolve({ code, signal, stdout, tail: tail.join('\n'), timedOut });
    });
  });
}

/**
 * The last lines of an output that say something, as one line for an error sentence.
 * @param {string} output
 * @param {number} [lines]
 */
export function lastWords(output, lines = 3) {
  const kept = output
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
    .slice(-lines);
  return kept.join(' / ').slice(0, 400) || 'no output';
}

/**
 * Every executable file of that name on PATH, in order.
 * @param {string} name
 * @param {NodeJS.ProcessEnv} env
 * @returns {string[]}
 */
export function onPath(name, env) {
  const file = process.platform === 'win32' ? `${name}.exe` : name;
  const folders = new Set((env.PATH ?? '').split(delimiter).filter(Boolean));
  return [...folders].map((folder) => join(folder, file)).filter(isExecutable);
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * Whether a process with that id runs on this machine; one that has ended but was not yet collected by its parent does not.
 * @param {number} pid
 */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return process.platform !== 'linux';
  }
}

/**
 * Whether a process was stopped (kill -STOP) and not continued. A debugger's stop is none.
 * @param {number} pid
 */
export function isStopped(pid) {
  try {
    if (process.platform === 'linux')
      return readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .startsWith('T');
    if (process.platform === 'win32') return false;
    return execFileSync('ps', ['-o', 'state=', '-p', String(pid)], { encoding: 'utf8' })
      .trim()
      .startsWith('T');
  } catch {
    return false; // gone
  }
}
