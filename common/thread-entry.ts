/** The thread that `openThread` starts: one call after the other. */
import { parentPort } from 'node:worker_threads';
import { isHabsburgError } from './errors.js';
import type { ThreadAnswer, ThreadJob } from './thread.js';

async function run({ module, name, input }: ThreadJob): Promise<ThreadAnswer> {
  try {
    const exports = (await import(module)) as Record<string, (input: unknown) => unknown>;
    return { result: await exports[name](input) };
  } catch (error) {
    const { message, stack } = error as Error;
    return { error: { message, stack, ...(isHabsburgError(error) ? { kind: error.kind, details: error.details } : {}) } };
  }
}

parentPort!.on('message', (job: ThreadJob) => {
  void run(job).then((answer) => parentPort!.postMessage(answer));
});
