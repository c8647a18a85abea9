/** The thread of such an engine, which runs the one job that it was started for. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { HabsburgError, isHabsburgError, fromSystemError } from '../common/errors.js';
import type { Job, JobIo, JobReport } from '../kinds/host/types.js';
import type { HostEvent, HostRequest } from './protocol.js';

const PROGRESS_MS = 100;

/** Runs the job that this thread was given; what goes wrong is told, not thrown. */
export async function runJob(perform: (job: Job, io: JobIo) => Promise<JobReport>): Promise<void> {
  const request = workerData as Extract<HostRequest, { type: 'job' }>;
  try {
    emit({ type: 'result', report: await perform(request.job, ioOf(request)) });
  } catch (error) {
    const known = isHabsburgError(error) ? error : fromSystemError(error, `engine ${request.job.op}`);
    emit({ type: 'error', kind: known.kind, message: known.message, stack: (error as Error).stack });
  }
}

function emit(event: HostEvent): void {
  parentPort!.postMessage(event);
}

function ioOf({ threads, device, checkpointSeconds, scratch }: Extract<HostRequest, { type: 'job' }>): JobIo {
  const waiting = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
  let checkpointId = 0;
  let lastCheckpoint = Date.now();
  let lastProgress = 0;
  parentPort!.on('message', (answer: HostRequest) => {
    if (answer.type === 'job') return;
    const waiter = waiting.get(answer.id);
    waiting.delete(answer.id);
    if (answer.type === 'checkpoint-saved') waiter?.resolve();
    else waiter?.reject(new HabsburgError('unreachable', answer.message));
  });
  return {
    threads,
    device,
    progress(progress) {
      const now = Date.now();
      if (now - lastProgress < PROGRESS_MS && progress.done < progress.total) return;
      lastProgress = now;
      emit({ type: 'progress', progress });
    },
    // The clock decides when a checkpoint is written, never what a job computes.
    checkpointDue: () => Date.now() - lastCheckpoint >= checkpointSeconds * 1000,
    async checkpoint(write) {
      const id = ++checkpointId;
      const folder = join(scratch, `checkpoint-${id}`);
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
}
