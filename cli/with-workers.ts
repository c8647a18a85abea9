/** What a command needs that computes: a client, and workers of its own where nobody else has any. */
import type { Client } from '@temporalio/client';
import { availableParallelism } from 'node:os';
import type { Dev } from '../infra/dev.js';
import { findDev, startDev } from '../infra/dev.js';
import { placementsOf } from '../spec/placement.js';
import type { ExperimentPlan } from '../spec/plan.js';
import { fromEnvironment } from '../workers/connection.js';
import { QUEUES } from '../workflows/contract.js';
import { homeOf, isExternal, serverIn, type SessionOptions } from './session.js';
import { connect, ensureSearchAttributes } from './temporal.js';
import { list, plural } from './words.js';
import { workersOn } from './workers.js';

export interface WorkersOptions extends SessionOptions {
  /** whether workers are started, and a server where there is none */
  readonly embedded: boolean;
  /** what is to be computed; its task queues are served, or it is said that nobody serves them */
  readonly plan: ExperimentPlan;
  /** steps at a time on them */
  readonly slots: number;
  readonly signal: AbortSignal;
  readonly note: (text: string) => void;
}

export interface Workers {
  readonly client: Client;
  readonly dev?: Dev;
  /** what is awaited, or the failure of the server or a worker that this command started */
  unlessFailed<T>(work: Promise<T>): Promise<T>;
}

/** Runs `work`, and stops afterwards what was started for it. */
export async function withWorkers<T>(options: WorkersOptions, work: (workers: Workers) => Promise<T>): Promise<T> {
  const { embedded, plan, slots, signal, note } = options;
  const external = isExternal(options);
  const home = homeOf(options);
  let dev: Dev | undefined;
  try {
    if (embedded) {
      dev = await startDev({
        home,
        slots,
        threads: Math.max(1, Math.floor(availableParallelism() / slots)),
        external: external ? fromEnvironment() : undefined,
        queues: queuesOf(plan).filter((queue) => queue !== QUEUES.cpu),
        signal,
      });
      note(dev.uiUrl ? `Temporal server at ${dev.address}, its UI at ${dev.uiUrl}` : `Temporal server at ${dev.address}`);
    }
    const client = await connect(external ? fromEnvironment() : serverIn(home, (dev ?? (await findDev(home)))!));
    try {
      await ensureSearchAttributes(client);
      if (!dev?.owned) await tellUnserved(client, plan, note);
      const { failed } = dev ?? {};
      return await work({
        client,
        dev,
        unlessFailed: (awaited) => (failed ? Promise.race([awaited, failed.then((error) => Promise.reject(error))]) : awaited),
      });
    } finally {
      await client.connection.close();
    }
  } finally {
    await dev?.stop();
  }
}

/** The task queues of a plan's steps, each once. */
function queuesOf(plan: ExperimentPlan): string[] {
  const { cpu } = plan.execution.queues;
  const placed = placementsOf(plan).map(({ queue }) => queue);
  return [...new Set([cpu, ...placed])];
}

async function tellUnserved(client: Client, plan: ExperimentPlan, note: (text: string) => void): Promise<void> {
  const unserved: string[] = [];
  for (const [queue, type] of [[QUEUES.workflow, 'workflow'], ...queuesOf(plan).map((name) => [name, 'activity'])] as const)
    if ((await workersOn(client, queue, type as 'workflow' | 'activity').catch(() => ['?'])).length === 0) unserved.push(queue);
  if (unserved.length === 0) return;
  const names = unserved.map((queue) => (queue === QUEUES.workflow ? 'workflow' : queue)).join(',');
  note(
    `No worker serves the task ${plural(unserved.length, 'queue')} ${list(unserved)} yet, so nothing goes on there until one does: habsburg worker --queues ${names}`,
  );
}
