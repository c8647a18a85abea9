/**
 * The main thread of an engine that is written in TypeScript. It says hello, talks to the worker and watches it; a thread of its own runs
 * the job, because a job blocks its thread and cannot be cancelled. Killing this process is how a job is cancelled, and it kills itself the
 * moment its parent's pipe closes, so a dead worker leaves no orphan.
 */
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { HostEvent, HostRequest, Hello } from './protocol.js';
import { PROTOCOL_VERSION } from './protocol.js';

const TICK_MS = 500;

/** @param thread module that calls runJobs */
export function serveJobs(hello: Hello, thread: URL): void {
  process.stdout.on('error', dieWithParent); // EPIPE: nobody listens any more
  const lines = createInterface({ input: process.stdin });
  lines.on('close', dieWithParent);
  emit({ type: 'hello', version: PROTOCOL_VERSION, pid: process.pid, ...hello });

  let running: Worker | undefined;
  lines.on('line', (line) => {
    const request = JSON.parse(line) as HostRequest;
    if (request.type === 'job') running ??= start(request, thread);
    else running?.postMessage(request);
  });
  setInterval(() => {
    const { user, system } = process.cpuUsage();
    emit({ type: 'tick', cpuSeconds: (user + system) / 1e6, rssBytes: process.memoryUsage.rss() });
  }, TICK_MS).unref();
}

function start(request: HostRequest, module: URL): Worker {
  const thread = new Worker(fileURLToPath(module), {
    workerData: request,
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: 8192 },
  });
  thread.stdout.pipe(process.stderr); // stdout is the protocol's
  thread.stderr.pipe(process.stderr);
  thread.on('message', (event: HostEvent) => {
    emit(event);
    if (event.type === 'result' || event.type === 'error') finish(event.type === 'result' ? 0 : 1);
  });
  thread.on('error', (error) => {
    emit({ type: 'error', kind: 'failed', message: `the engine stopped: ${error.message}`, stack: error.stack });
    finish(1);
  });
  return thread;
}

function emit(event: HostEvent): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

/** At once, even while another thread is inside a native call (worker.terminate() would abort the process noisily instead). */
function dieWithParent(): void {
  process.kill(process.pid, 'SIGKILL');
}

let finished = false;

/** Leaves once the last line has been taken; the worker closes the pipe when it has read it. */
function finish(code: number): void {
  if (finished) return;
  finished = true;
  process.stdout.write('', () => process.exit(code));
}
