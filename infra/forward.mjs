// Running a program in our place: same terminal, same signals, same exit code.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

const SIGNALS = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);

/**
 * Runs a program with our terminal and resolves with its exit code (128 + signal number where a signal ended it).
 * Ctrl-C in a terminal reaches the whole foreground group, so there it is not sent a second time.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<number>}
 */
export function runInForeground(command, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', ...options });
    /** @param {NodeJS.Signals} signal */
    const forward = (signal) => {
      if (signal === 'SIGINT' && process.stdin.isTTY) return;
      child.kill(signal);
    };
    for (const signal of SIGNALS) process.on(signal, forward);
    const settle = () => SIGNALS.forEach((signal) => process.removeListener(signal, forward));
    child.on('error', (error) => {
      settle();
      reject(error);
    });
    child.on('exit', (code, signal) => {
      settle();
      resolve(code ?? 128 + (signal ? constants.signals[signal] : 0));
    });
  });
}

/** Makes Ctrl-C during set-up end with the usual codes, so that `exit` listeners stop what runs below us. Returns the undo. */
export function exitOnSignals() {
  const handlers = SIGNALS.map((signal) => /** @type {const} */ ([signal, () => process.exit(128 + constants.signals[signal])]));
  for (const [signal, handler] of handlers) process.on(signal, handler);
  return () => handlers.forEach(([signal, handler]) => process.removeListener(signal, handler));
}
