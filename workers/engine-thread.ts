/** The thread of the engine host that runs the one job it was started for. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { HabsburgError, isHabsburgError, fromSystemError } from '../common/errors.js';
import { engineFingerprint } from '../engine/fingerprint.js';
import { familyOf } from '../families/index.js';
import { simulate } from '../families/toy/simulate.js';
import { observe } from '../observations/observe.js';
import type { Job, JobIo, JobReport } from '../families/types.js';
import type { HostEvent, HostRequest } from './protocol.js';
import { PROTOCOL_VERSION } from './protocol.js';

const request = workerData as Extract<HostRequest, { type: 'job' }>;
const port = parentPort!;
const emit = (event: HostEvent) => port.postMessage(event);

const PROGRESS_MS = 100;
const waiting = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
let checkpointId = 0;
let lastCheckpoint = Date.now();
let lastProgress = 0;

port.on('message', (answer: HostRequest) => {
  if (answer.type === 'job') return;
  const waiter = waiting.get(answer.id);
  waiting.delete(answer.id);
  if (answer.type === 'checkpoint-saved') waiter?.resolve();
  else waiter?.reject(new HabsburgError('unreachable', answer.message));
});

const io: JobIo = {
  threads: request.threads,
  device: request.device,
  progress(progress) {
    const now = Date.now();
    if (now - lastProgress < PROGRESS_MS && progress.done < progress.total) return;
    lastProgress = now;
    emit({ type: 'progress', progress });
  },
  // The clock decides when a checkpoint is written, never what a job computes.
  checkpointDue: () => Date.now() - lastCheckpoint >= request.checkpointSeconds * 1000,
  async checkpoint(write) {
    const id = ++checkpointId;
    const folder = join(request.scratch, `checkpoint-${id}`);
    await mkdir(folder, { recursive: true });
    await write(folder);
    await new Promise<void>((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      emit({ type: 'checkpoint', id, folder });
    });
    await rm(folder, { recursive: true, force: true });
    lastCheckpoint = Date.now();
  },
};

function perform(job: Job): Promise<JobReport> {
  if (job.op === 'simulate') return simulate(job, io);
  if (job.op === 'observe') return observe(job, io);
  const family = familyOf(job.family);
  switch (job.op) {
    case 'fit':
      return family.fit(job, io);
    case 'generate':
      return family.generate(job, io);
  }
}

emit({ type: 'hello', version: PROTOCOL_VERSION, pid: process.pid, engine: engineFingerprint(request.device) });
try {
  emit({ type: 'result', report: await perform(request.job) });
} catch (error) {
  const known = isHabsburgError(error) ? error : fromSystemError(error, `engine ${request.job.op}`);
  emit({ type: 'error', kind: known.kind, message: known.message, stack: (error as Error).stack });
}
