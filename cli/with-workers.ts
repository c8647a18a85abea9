/** What a command needs that computes: a client, and workers of its own where nobody else has any. */
import type { Client } from '@temporalio/client';
import { availableParallelism } from 'node:os';
import type { Dev } from '../infra/dev.js';
import { findDev, startDev } from '../infra/dev.js';
import { fromEnvironment } from '../workers/connection.js';
import { homeOf, isExternal, serverIn, type SessionOptions } from './session.js';
import { connect, ensureSearchAttributes } from './temporal.js';

export interface WorkersOptions extends SessionOptions {
  /** whether workers are started, and a server where there is none */
  readonly embedded: boolean;
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
  const { embedded, slots, signal, note } = options;
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
        signal,
      });
      note(dev.uiUrl ? `Temporal server at ${dev.address}, its UI at ${dev.uiUrl}` : `Temporal server at ${dev.address}`);
    }
    const client = await connect(external ? fromEnvironment() : serverIn(home, (dev ?? (await findDev(home)))!));
    try {
      await ensureSearchAttributes(client);
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
