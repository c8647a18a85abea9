/** Real servers for tests: each test file that needs one starts its own on free ports, with its data in a temporary folder. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTemporal, type TemporalServer } from '../../infra/dev-server.js';
import { createBucket, startS3, type S3Server } from '../../infra/s3-server.js';

/**
 * Limit for a `beforeAll` that starts servers. Seconds are enough after `npm test`, which has built them; Jest run by itself
 * on a fresh machine builds them first.
 */
export const SERVER_TIMEOUT_MS = 20 * 60_000;

/** A new folder under the system's temporary folder; `remove` deletes it. */
export function temporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'habsburg-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 3 }) };
}

export interface TestTemporal extends TemporalServer {
  readonly dbFile: string;
}

/** A Temporal development server; `stop` also removes its data. */
export async function temporalServer({ port = 0 } = {}): Promise<TestTemporal> {
  const folder = temporaryFolder();
  const dbFile = join(folder.path, 'temporal.db');
  const server = await startTemporal({ dbFile, port, uiPort: 0 });
  return {
    ...server,
    dbFile,
    stop: async () => {
      await server.stop();
      folder.remove();
    },
  };
}

export interface TestS3 extends S3Server {
  /** folder that holds the buckets as folders */
  readonly dir: string;
  /** makes a bucket and gives its name */
  bucket(name?: string): Promise<string>;
}

/** An S3 server; `stop` also removes its data. */
export async function s3Server(): Promise<TestS3> {
  const folder = temporaryFolder();
  const dir = join(folder.path, 'buckets');
  const server = await startS3({ dir, port: 0 });
  return {
    ...server,
    dir,
    async bucket(name = `test-${randomBytes(4).toString('hex')}`) {
      await createBucket(server, name);
      return name;
    },
    stop: async () => {
      await server.stop();
      folder.remove();
    },
  };
}
