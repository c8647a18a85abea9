/**
 * One child process that must not outlive us: its output goes to a log file, and it is ended when we stop, exit or are killed.
 * It has a process group of its own, so that Ctrl-C in our terminal reaches us alone and we stop everything in order.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { fromSystemError, HabsburgError } from '../common/errors.js';
import { makeFolder } from '../common/make-folder.mjs';

export interface DaemonOptions {
  /** for messages, for example "Temporal server" */
  name: string;
  command: string;
  args: readonly string[];
  /** output is appended here */
  logFile: string;
  /** the process writes its id here before it does anything else, and what it makes is its owner's alone */
  pidFile?: string;
  cwd?: string;
  env?: NodeJS.ProcessEnv;
}

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface Daemon {
  readonly pid: number;
  /** resolves when the process has ended, for whatever reason */
  readonly exited: Promise<Exit>;
  /** how it ended, once it has */
  readonly exit?: Exit;
  /** SIGTERM, then SIGKILL after `graceMs`; resolves when it is gone. Safe to call twice. */
  stop(graceMs?: number): Promise<Exit>;
}

/** Larger logs are set aside (once) when a daemon starts. */
const LOG_LIMIT_BYTES = 16 << 20;
/** What a process is given to end by itself after SIGTERM. */
const DEFAULT_GRACE_MS = 5_000;

/** Starts the process; throws a HabsburgError where it cannot be started. */
export async function startDaemon({ name, command, args, logFile, pidFile, cwd, env }: DaemonOptions): Promise<Daemon> {
  const log = openLog(logFile);
  let child: ChildProcess;
  let watchdog: ChildProcess | undefined;
  try {
    const start = pidFile === undefined || process.platform === 'win32' ? [command, ...args] : announced(pidFile, command, args);
    child = spawn(start[0], start.slice(1), { cwd, env, stdio: ['ignore', log, log], detached: true });
    // at once: whoever kills us in between leaves the process behind
    if (child.pid !== undefined) watchdog = startWatchdog(child.pid);
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
  } catch (error) {
    throw fromSystemError(error, `starting the ${name} (${command})`);
  } finally {
    closeSync(log);
  }
  const pid = child.pid!;
  const killNow = () => killGroup(pid);
  process.once('exit', killNow);

  let exit: Exit | undefined;
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => {
      exit = { code, signal };
      process.removeListener('exit', killNow);
      watchdog?.kill('SIGKILL');
      resolve(exit);
    });
  });
  return {
    pid,
    exited,
    get exit() {
      return exit;
    },
    async stop(graceMs = DEFAULT_GRACE_MS) {
      if (exit) return exit;
      child.kill('SIGTERM');
      const timer = setTimeout(killNow, graceMs);
      const result = await exited;
      clearTimeout(timer);
      return result;
    },
  };
}

/** A shell that becomes the program, under the same id. */
function announced(pidFile: string, command: string, args: readonly string[]): string[] {
  return ['/bin/sh', '-c', 'umask 077 && echo $$ > "$0" && exec "$@"', pidFile, command, ...args];
}

function killGroup(pid: number): void {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch {
    // gone already
  }
}

/** A shell that waits for our end of a pipe to close, which happens however we die, and then ends the process. */
function startWatchdog(pid: number): ChildProcess | undefined {
  if (process.platform === 'win32') return undefined;
  const script = `trap '' INT TERM HUP; read -r _; kill -TERM ${pid} 2>/dev/null && sleep 5 && kill -KILL -${pid} 2>/dev/null`;
  const shell = spawn('/bin/sh', ['-c', script], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  // without a shell there is no watchdog; stop() and the exit listener still work
  shell.on('error', () => {});
  shell.unref();
  (shell.stdin as unknown as { unref(): void }).unref();
  return shell;
}

function openLog(file: string): number {
  try {
    makeFolder(dirname(file), 0o700);
    if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > LOG_LIMIT_BYTES) renameSync(file, `${file}.1`);
    return openSync(file, 'a', 0o600);
  } catch (error) {
    throw fromSystemError(error, `writing the log ${file}`);
  }
}

export const logSize = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

/** What was written to a log since it had `from` bytes; all of it where it was set aside since. */
export function logText(file: string, from: number): string {
  try {
    const text = readFileSync(file);
    return text.subarray(from > text.byteLength ? 0 : from).toString('utf8');
  } catch {
    return '';
  }
}

/** The last lines of a log, for an error message. */
export function logTail(file: string, lines = 8): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch {
    return '(no log)';
  }
}

/** The error of a daemon that ended or did not answer: one sentence, then the end of its log. */
export function daemonError(name: string, logFile: string, exit: Exit | undefined, fix: string): HabsburgError {
  const what = exit ? `ended at once (${exit.signal ?? `exit code ${exit.code}`})` : 'does not answer';
  return new HabsburgError('unreachable', `The ${name} ${what}: ${fix}. Its log ${logFile} ends with:\n${logTail(logFile)}`);
}
