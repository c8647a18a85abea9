/** Runs one job in an engine host process: forwards its events, stores its checkpoints, kills it on cancel or when it hangs. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { HabsburgError } from '../common/errors.js';
import { ENGINE_ENVIRONMENT } from '../engine/environment.js';
import type { Job, JobReport } from '../families/types.js';
import type { RunJob } from '../activities/types.js';
import { EngineDied } from '../activities/types.js';
import type { HostEvent, HostRequest } from './protocol.js';
import { PROTOCOL_VERSION } from './protocol.js';

export interface EngineClientOptions {
  /** threads of one job */
  readonly threads: number;
  /** no CPU time used for so long means that the engine hangs, seconds */
  readonly stallSeconds?: number;
}

const HOST = fileURLToPath(new URL('./engine-host.js', import.meta.url));
const STDERR_TAIL = 4_000;

/** A RunJob that starts a process for every job. */
export function engineClient(options: EngineClientOptions): RunJob {
  return (job, hooks) => runInHost(job, hooks, options);
}

async function runInHost(job: Job, hooks: Parameters<RunJob>[1], options: EngineClientOptions): Promise<JobReport> {
  hooks.signal.throwIfAborted();
  const child = spawn(process.execPath, [HOST], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...ENGINE_ENVIRONMENT },
  });
  const kill = () => child.kill('SIGKILL');
  hooks.signal.addEventListener('abort', kill, { once: true });

  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-STDERR_TAIL)));
  child.stdin.on('error', () => undefined); // the exit handler says what happened
  const send = (message: HostRequest) => child.stdin.write(`${JSON.stringify(message)}\n`);

  let cpuSeconds = -1;
  let lastWork = Date.now();
  let outcome: { report: JobReport } | { error: Error } | undefined;

  function onEvent(event: HostEvent): void {
    switch (event.type) {
      case 'hello':
        return;
      case 'tick':
        if (event.cpuSeconds - cpuSeconds > 0.01) lastWork = Date.now();
        cpuSeconds = event.cpuSeconds;
        if (Date.now() - lastWork > (options.stallSeconds ?? 300) * 1000) {
          outcome ??= {
            error: new EngineDied(`the engine used no processor time for ${options.stallSeconds ?? 300} s and was stopped`),
          };
          kill();
          return;
        }
        hooks.alive();
        return;
      case 'progress':
        lastWork = Date.now();
        hooks.progress(event.progress);
        return;
      case 'checkpoint':
        hooks.checkpoint(event.folder).then(
          () => send({ type: 'checkpoint-saved', id: event.id }),
          (error: Error) => send({ type: 'checkpoint-failed', id: event.id, message: error.message }),
        );
        return;
      case 'result':
        outcome ??= { report: event.report };
        return;
      case 'error':
        outcome ??= { error: new HabsburgError(event.kind, event.message, { details: { stack: event.stack } }) };
    }
  }

  createInterface({ input: child.stdout }).on('line', (line) => {
    try {
      onEvent(JSON.parse(line) as HostEvent);
    } catch {
      stderr = `${stderr}\n(not the protocol) ${line}`.slice(-STDERR_TAIL);
    }
  });

  try {
    send({
      type: 'job',
      version: PROTOCOL_VERSION,
      job,
      threads: options.threads,
      device: hooks.device,
      checkpointSeconds: hooks.checkpointSeconds,
      scratch: hooks.scratch,
    });
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (...exit) => resolve(exit));
    });
    hooks.signal.throwIfAborted();
    if (outcome && 'report' in outcome) return outcome.report;
    if (outcome) throw outcome.error;
    const tail = stderr.trim().split('\n').slice(-3).join(' | ');
    throw new EngineDied(`the engine process ended by ${signal ?? `exit code ${code}`}${tail ? `: ${tail}` : ''}`);
  } finally {
    hooks.signal.removeEventListener('abort', kill);
    kill();
  }
}
