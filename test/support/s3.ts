/** A real S3 server for tests: versitygw over a temporary folder, from HABSBURG_VERSITYGW, PATH or Habsburg's cache of tools. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { S3Options } from '../../artifacts/object-store-s3.js';

export interface TestS3 {
  readonly options: Required<Pick<S3Options, 'endpoint' | 'region' | 'credentials'>>;
  /** where the server keeps its objects: one folder per bucket, one file per object */
  readonly folder: string;
  stop(): Promise<void>;
}

function findServer(): string {
  const executable = (path: string): boolean => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  };
  const cache = process.env.HABSBURG_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'habsburg');
  const cached = ((): string[] => {
    try {
      return readdirSync(cache, { recursive: true, encoding: 'utf8' }).filter((p) => /(^|\/)versitygw$/.test(p)).map((p) => join(cache, p));
    } catch {
      return [];
    }
  })();
  const onPath = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'versitygw'));
  const found = [process.env.HABSBURG_VERSITYGW ?? '', ...onPath, ...cached].find((path) => path !== '' && executable(path));
  if (!found) throw new Error('no versitygw: set HABSBURG_VERSITYGW to it, or run `npm test`, which fetches it');
  return found;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Starts the server and makes `buckets` (names of three letters or more). */
export async function startS3ForTest(buckets: readonly string[]): Promise<TestS3> {
  const binary = findServer();
  const folder = mkdtempSync(join(process.env.HABSBURG_TEST_S3_DIR ?? tmpdir(), 'habsburg-s3-'));
  const port = await freePort();
  const credentials = { accessKeyId: 'test-access', secretAccessKey: 'test-secret-key' };
  const server = spawn(binary, ['--port', `127.0.0.1:${port}`, 'posix', folder], {
    env: { PATH: process.env.PATH, ROOT_ACCESS_KEY: credentials.accessKeyId, ROOT_SECRET_KEY: credentials.secretAccessKey },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  server.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  for (let tries = 0; !(await answers(port)); tries++) {
    if (server.exitCode !== null || tries > 200) throw new Error(`versitygw did not start: ${errors}`);
    await new Promise((done) => setTimeout(done, 50));
  }
  const options = { endpoint: `http://127.0.0.1:${port}`, region: 'us-east-1', credentials };
  const { CreateBucketCommand, S3Client } = await import('@aws-sdk/client-s3');
  const client = new S3Client({ ...options, forcePathStyle: true });
  for (const Bucket of buckets) await client.send(new CreateBucketCommand({ Bucket }));
  client.destroy();
  return {
    options,
    folder,
    async stop() {
      const exited = once(server, 'exit');
      server.kill('SIGKILL');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
