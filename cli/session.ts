/** Which Temporal server a command talks to: the user's own where one is named, else the embedded one of this folder. */
import type { Command } from 'commander';
import type { Client } from '@temporalio/client';
import { resolve } from 'node:path';
import { HabsburgError } from '../common/errors.js';
import { findDev } from '../infra/dev.js';
import type { TemporalSettings } from '../workers/connection.js';
import { fromEnvironment, hasExternalServer, plainServer } from '../workers/connection.js';
import { connect } from './temporal.js';

/** Folder of the embedded server's database, logs and default store. */
export const DEFAULT_HOME = '.habsburg';

export interface SessionOptions {
  readonly home?: string;
}

/** Adds the option that every command with a server has. */
export function withHome(command: Command): Command {
  return command.option('--home <dir>', 'folder of the embedded server, used where TEMPORAL_ADDRESS is not set', DEFAULT_HOME);
}

/** The server to talk to; the embedded one must be running. */
export async function serverOf(options: SessionOptions): Promise<TemporalSettings> {
  if (hasExternalServer()) return fromEnvironment();
  const home = resolve(options.home ?? DEFAULT_HOME);
  const dev = await findDev(home);
  if (dev) return plainServer(dev.address);
  throw new HabsburgError(
    'unreachable',
    `no embedded server is running in ${home}; start one with habsburg dev, or set TEMPORAL_ADDRESS`,
  );
}

/** Runs `work` with a client and closes it afterwards. */
export async function withClient<T>(options: SessionOptions, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await connect(await serverOf(options));
  try {
    return await work(client);
  } finally {
    await client.connection.close();
  }
}
