/** A Temporal development server with a database file: started, waited for, prepared with our search attributes and retention. */
import { basename, dirname, join } from 'node:path';
import { fromSystemError } from '../common/errors.js';
import { makeFolder } from '../common/make-folder.mjs';
import { daemonError, logSize, logText, startDaemon, type Daemon, type Exit } from './daemon.js';
import { databaseIsReady, prepareDatabase, setAsideUnusable } from './database.js';
import { prepareNamespace, SEARCH_ATTRIBUTES } from './namespace.js';
import { releasePort, reservePort } from './ports.js';
import type { Progress } from './progress.mjs';
import { ensureTool } from './tools.mjs';

export interface TemporalOptions {
  /** SQLite file that holds every workflow; created if missing */
  dbFile: string;
  /** preferred ports; taken ones are replaced unless `exactPorts` */
  port?: number;
  uiPort?: number;
  /** fail instead of taking other ports: for a restart, by the process that holds them, that clients must find again */
  exactPorts?: boolean;
  /** server log; default beside the database file */
  logFile?: string;
  progress?: Progress;
  env?: NodeJS.ProcessEnv;
  /** ends a download or build of the server under way, and the wait for its answer */
  signal?: AbortSignal;
}

export interface TemporalServer {
  /** host:port of the gRPC front end */
  readonly address: string;
  readonly uiUrl: string;
  readonly namespace: string;
  readonly pid: number;
  readonly exited: Promise<Exit>;
  stop(): Promise<void>;
}

/** Temporal's own default ports. */
export const DEFAULT_PORT = 7233;
export const DEFAULT_UI_PORT = 8233;

const NAMESPACE = 'default';
/** Closed workflows of a development server are kept this long (its own default is one day). */
const RETENTION_DAYS = 90;
/** Ready after half a second on a quiet machine. */
const READY_MS = 60_000;
/** Other programs may take a free port before the server binds it. */
const ATTEMPTS = 4;

/** The id of the server's process, written by itself before it touches the database. */
export const pidFileOf = (dbFile: string): string => `${dbFile}.pid`;

/** Starts the server and resolves when it serves the namespace; throws a HabsburgError with its log's end otherwise. */
export async function startTemporal(options: TemporalOptions): Promise<TemporalServer> {
  const {
    dbFile,
    exactPorts = false,
    logFile = join(dirname(dbFile), 'temporal.log'),
    progress,
    env = process.env,
    signal,
  } = options;
  try {
    makeFolder(dirname(dbFile), 0o700);
  } catch (error) {
    throw fromSystemError(error, `making the folder of ${dbFile}`);
  }
  const tool = await ensureTool('temporal', { env, progress, signal });
  for (let attempt = 1; ; attempt++) {
    const port = exactPorts ? options.port! : await reservePort(attempt === 1 ? (options.port ?? DEFAULT_PORT) : 0);
    const uiPort = exactPorts ? options.uiPort! : await reservePort(attempt === 1 ? (options.uiPort ?? DEFAULT_UI_PORT) : 0);
    const release = () => [port, uiPort].forEach(releasePort);
    const address = `127.0.0.1:${port}`;
    prepareDatabase(dbFile);
    const logged = logSize(logFile);
    const daemon = await startDaemon({
      name: 'Temporal server',
      command: tool.path,
      args: serverArguments(basename(dbFile), port, uiPort),
      // the server takes ? # and % in a path for parts of a url
      cwd: dirname(dbFile),
      logFile,
      pidFile: pidFileOf(dbFile),
      env,
    });
    if (await ready(daemon, address, signal)) {
      databaseIsReady(dbFile);
      return {
        address,
        uiUrl: `http://127.0.0.1:${uiPort}`,
        namespace: NAMESPACE,
        pid: daemon.pid,
        exited: daemon.exited,
        stop: async () => {
          await daemon.stop();
          release();
        },
      };
    }
    const { exit } = daemon;
    await daemon.stop();
    if (!exactPorts) release();
    signal?.throwIfAborted();
    const aside = exit && setAsideUnusable(dbFile, logText(logFile, logged));
    if (aside !== undefined)
      progress?.note(
        `${dbFile} cannot be used and is now ${aside}; finished steps are in the artifact store, and are not computed again`,
      );
    if (attempt === ATTEMPTS || exit === undefined) {
      throw daemonError(
        'Temporal server',
        logFile,
        exit,
        `see whether another server uses ${dbFile} or the ports ${port} and ${uiPort}`,
      );
    }
  }
}

function serverArguments(dbFile: string, port: number, uiPort: number): string[] {
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort), '--db-filename', dbFile],
    ...Object.entries(SEARCH_ATTRIBUTES).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]),
    ...['--log-level', 'warn', '--dynamic-config-value', 'matching.enableFairness=true'],
  ];
}

/** Whether the server answers before it ends, READY_MS are over or somebody waits no longer. */
async function ready(daemon: Daemon, address: string, signal: AbortSignal | undefined): Promise<boolean> {
  const deadline = Date.now() + READY_MS;
  while (Date.now() < deadline && !daemon.exit && !signal?.aborted) {
    try {
      await prepareNamespace({ connection: { address }, namespace: NAMESPACE, retentionDays: RETENTION_DAYS, timeoutMs: 2_000 });
      return true;
    } catch {
      await Promise.race([daemon.exited, new Promise((resolve) => setTimeout(resolve, 100))]);
    }
  }
  return false;
}
