/** A small S3 server over a folder (versitygw), for tests and for trying the s3:// store on one machine. */
import { randomBytes } from 'node:crypto';
import { createConnection } from 'node:net';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { fromSystemError } from '../common/errors.js';
import { makeFolder } from '../common/make-folder.mjs';
import { daemonError, startDaemon, type Daemon, type Exit } from './daemon.js';
import { releasePort, reservePort } from './ports.js';
import type { Progress } from './progress.mjs';
import { ensureTool } from './tools.mjs';

export interface S3Options {
  /** buckets are folders below it; must lie on a file system with extended attributes */
  dir: string;
  /** preferred port; another one is taken if it is busy */
  port?: number;
  /** server log; default beside the folder */
  logFile?: string;
  progress?: Progress;
  env?: NodeJS.ProcessEnv;
}

export interface S3Server {
  /** http://host:port */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** what a program needs to find this server: the AWS SDK's own environment variables */
  readonly env: Readonly<Record<string, string>>;
  readonly pid: number;
  readonly exited: Promise<Exit>;
  stop(): Promise<void>;
}

const DEFAULT_PORT = 7070;
const REGION = 'us-east-1';
const READY_MS = 20_000;
/** Other programs may take a free port before the server binds it. */
const ATTEMPTS = 4;

/** Starts the server with fresh keys and resolves when it accepts connections. */
export async function startS3(options: S3Options): Promise<S3Server> {
  const { dir, logFile = `${dir}.log`, progress, env = process.env } = options;
  try {
    makeFolder(dir);
  } catch (error) {
    throw fromSystemError(error, `making the folder ${dir}`);
  }
  const tool = await ensureTool('versitygw', { env, progress });
  const accessKey = `habsburg${randomBytes(6).toString('hex')}`;
  const secretKey = randomBytes(24).toString('hex');
  for (let attempt = 1; ; attempt++) {
    const port = await reservePort(attempt === 1 ? (options.port ?? DEFAULT_PORT) : 0);
    const daemon = await startDaemon({
      name: 'S3 server',
      command: tool.path,
      args: ['--port', `127.0.0.1:${port}`, '--region', REGION, '--quiet', 'posix', dir],
      logFile,
      env: { ...env, ROOT_ACCESS_KEY: accessKey, ROOT_SECRET_KEY: secretKey },
    });
    const stop = async () => {
      await daemon.stop();
      releasePort(port);
    };
    if (await listening(daemon, port)) {
      const endpoint = `http://127.0.0.1:${port}`;
      return {
        endpoint,
        region: REGION,
        accessKey,
        secretKey,
        env: {
          AWS_ENDPOINT_URL_S3: endpoint,
          AWS_ACCESS_KEY_ID: accessKey,
          AWS_SECRET_ACCESS_KEY: secretKey,
          AWS_REGION: REGION,
        },
        pid: daemon.pid,
        exited: daemon.exited,
        stop,
      };
    }
    const { exit } = daemon;
    await stop();
    if (attempt === ATTEMPTS || exit === undefined) {
      throw daemonError(
        'S3 server',
        logFile,
        exit,
        `see whether ${dir} is writable and on a file system with extended attributes`,
      );
    }
  }
}

/** Creates a bucket (a name of at least three letters). */
export async function createBucket(server: S3Server, bucket: string): Promise<void> {
  const client = new S3Client({
    endpoint: server.endpoint,
    region: server.region,
    forcePathStyle: true,
    credentials: { accessKeyId: server.accessKey, secretAccessKey: server.secretKey },
  });
  try {
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
  } finally {
    client.destroy();
  }
}

async function listening(daemon: Daemon, port: number): Promise<boolean> {
  const deadline = Date.now() + READY_MS;
  while (Date.now() < deadline && !daemon.exit) {
    if (await connects(port)) {
      // somebody else may have taken the port first: then our server ends
      await Promise.race([daemon.exited, new Promise((resolve) => setTimeout(resolve, 50))]);
      return daemon.exit === undefined;
    }
    await Promise.race([daemon.exited, new Promise((resolve) => setTimeout(resolve, 30))]);
  }
  return false;
}

function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
