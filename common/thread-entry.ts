/** The thread that `inThread` starts. */
import { parentPort, workerData } from 'node:worker_threads';
import { isHabsburgError } from './errors.js';
import type { ThreadAnswer, ThreadJob } from './thread.js';

const { module, name, input } = workerData as ThreadJob;

async function run(): Promise<ThreadAnswer> {
  try {
    const exports = (await import(module)) as Record<string, (input: unknown) => unknown>;
    return { result: await exports[name](input) };
  } catch (error) {
    const { message, stack } = error as Error;
    return { error: { message, stack, ...(isHabsburgError(error) ? { kind: error.kind, details: error.details } : {}) } };
  }
}

parentPort!.postMessage(await run());
