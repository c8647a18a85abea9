/** Which Temporal server a command talks to: the user's own where one is named, else the embedded one of a folder, up or not. */
import type { Command } from 'commander';
import type { Client } from '@temporalio/client';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { findDev, startDev, type DevAddress } from '../infra/dev.js';
import type { TemporalSettings } from '../workers/connection.js';
import { embeddedServer, fromEnvironment, hasExternalServer, plainServer } from '../workers/connection.js';
import { connect } from './temporal.js';

/** Folder of the embedded server's database, logs and default store. */
export const DEFAULT_HOME = '.habsburg';

export interface SessionOptions {
  /** --home, where it was given; it names an embedded server, so that no profile file of another one is read */
  readonly home?: string;
}

/** Adds the option that every command with a server has. */
export function withHome(command: Command): Command {
  return command.option(
    '--home <dir>',
    `folder of the embedded server, used where TEMPORAL_ADDRESS is not set (default: ${DEFAULT_HOME})`,
  );
}

export const homeOf = ({ home }: SessionOptions): string => resolve(home ?? DEFAULT_HOME);

/** Whether the commands talk to a server of the user's own. */
export const isExternal = ({ home }: SessionOptions): boolean => hasExternalServer({ environmentOnly: home !== undefined });

/** The server of an environment that runs in a folder: ours, with the folder's secret, or the user's own. */
export function serverIn(home: string, dev: DevAddress): TemporalSettings {
  return dev.uiUrl === undefined ? plainServer(dev.address, dev.namespace) : embeddedServer(home, dev);
}

export interface Session {
  readonly client: Client;
  /** false: the embedded server was down, and is up for this command alone: nobody works on its experiments */
  readonly standing: boolean;
}

/**
 * What a command needs where the embedded server is not up: the server alone can tell what happened; updates are answered by
 * workflows; cancelling waits for steps, too.
 */
export type Need = 'server' | 'workflows' | 'everything';

const WORKERS: Readonly<Record<Need, readonly string[]>> = {
  server: [],
  workflows: ['workflow'],
  everything: ['workflow', 'cpu'],
};

/**
 * Runs `work` with a client and closes it afterwards. An embedded server that is not up is brought up for so long.
 * @returns undefined, without calling `work`, where nothing has ever run in the folder
 */
export async function withSession<T>(
  options: SessionOptions & { readonly signal?: AbortSignal },
  need: Need,
  work: (session: Session) => Promise<T>,
): Promise<T | undefined> {
  if (isExternal(options)) return withClient(await connect(fromEnvironment()), (client) => work({ client, standing: true }));
  const home = homeOf(options);
  const running = await findDev(home);
  if (running) return withClient(await connect(serverIn(home, running)), (client) => work({ client, standing: true }));
  if (!existsSync(join(home, 'temporal.db'))) return undefined;
  const dev = await startDev({
    home,
    slots: 1,
    threads: availableParallelism(),
    only: WORKERS[need],
    signal: options.signal,
  });
  try {
    return await withClient(await connect(serverIn(home, dev)), (client) => work({ client, standing: !dev.owned }));
  } finally {
    await dev.stop();
  }
}

async function withClient<T>(client: Client, work: (client: Client) => Promise<T>): Promise<T> {
  try {
    return await work(client);
  } finally {
    await client.connection.close();
  }
}
