/** The embedded development environment: a Temporal server with its database in a folder, and workers, all kept running. */
import type { ConnectionOptions } from '@temporalio/client';
import { readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fromSystemError, HabsburgError } from '../common/errors.js';
import { startDaemon } from './daemon.js';
import { commandLine, readState, stateFile, writeState, type DevState } from './dev-state.js';
import { pidFileOf, startTemporal, type TemporalServer } from './dev-server.js';
import { makeSecret, prepareHome } from './home.js';
import { tryLock, type Lock } from './lock.mjs';
import { answers, prepareNamespace } from './namespace.js';
import { repositoryRoot } from './paths.mjs';
import { isAlive } from './process.mjs';
import { createProgress, type Progress } from './progress.mjs';
import { supervise, type Supervised, type SupervisorEvent } from './supervisor.js';

export type DevEvent = SupervisorEvent | { type: 'joined'; pid: number };

/** A worker process to keep running. */
export interface WorkerProcess {
  /** name in dev.json and of the log file */
  name: string;
  command: string;
  args: readonly string[];
}

export interface DevOptions {
  /** folder of the database, the logs and dev.json */
  home: string;
  /** steps at a time */
  slots: number;
  /** engine threads of one step */
  threads: number;
  /** default artifact store of the workers (HABSBURG_STORE) */
  store?: string;
  /** a server of the user's: none is started, only workers, which take its settings from the environment */
  external?: { connection: ConnectionOptions & { address: string }; namespace: string };
  /** preferred ports of the embedded server; taken ones are replaced */
  port?: number;
  uiPort?: number;
  /** worker processes for a server; default: one for workflows, one for steps on the CPU */
  workers?: (server: { address: string; namespace: string }) => readonly WorkerProcess[];
  /** it stays until somebody stops it (`habsburg dev`), so that experiments may be left to it */
  standing?: boolean;
  /** task queues that its worker serves beside its own */
  queues?: readonly string[];
  /** names of the workers to start; default: all. None: the server alone, to ask it what happened */
  only?: readonly string[];
  /** told when the server must be downloaded or built; default: on stderr */
  progress?: Progress;
  onEvent?: (event: DevEvent) => void;
  /** aborted: stop what was started and throw */
  signal?: AbortSignal;
  env?: NodeJS.ProcessEnv;
}

export interface DevAddress {
  /** host:port of the Temporal server */
  readonly address: string;
  readonly namespace: string;
  /** Temporal's own page; undefined where the server is not ours */
  readonly uiUrl?: string;
}

export interface Dev extends DevAddress {
  readonly home: string;
  /** false: another process runs it, and stop() leaves it alone; when that process ends, we run it */
  readonly owned: boolean;
  /** resolves if a process fails again and again */
  readonly failed: Promise<HabsburgError>;
  /** workers first, then the server; resolves when all are gone. Safe to call twice. */
  stop(): Promise<void>;
}

/** A second start waits so long for the first one to be ready. */
const PATIENCE_MS = 90_000;
/** How soon we notice that the process whose environment we joined is gone. */
const WATCH_MS = 300;
/** A server whose supervisor was killed is ended by its watchdog within six seconds. */
const LEFTOVER_MS = 10_000;

/** Starts the environment of a folder, or joins the one that runs there already. */
export async function startDev(options: DevOptions): Promise<Dev> {
  const home = resolve(options.home);
  prepareHome(home);
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    options.signal?.throwIfAborted();
    const running = await findDev(home);
    if (running) {
      if (options.external && options.external.connection.address !== running.address) {
        throw new HabsburgError(
          'invalid',
          `process ${running.pid} runs a development environment at ${running.address} in ${home}, but TEMPORAL_ADDRESS is ${options.external.connection.address}; stop that process, unset TEMPORAL_ADDRESS or use another --home`,
        );
      }
      options.onEvent?.({ type: 'joined', pid: running.pid });
      return joined({ ...options, home }, running);
    }
    const lock = tryLock(join(home, 'dev.lock'));
    if (lock) {
      try {
        return await startOwned({ ...options, home }, lock);
      } catch (error) {
        lock.release();
        throw error;
      }
    }
    if (Date.now() > deadline) {
      throw new HabsburgError(
        'unreachable',
        `another process holds ${join(home, 'dev.lock')} but its Temporal server does not answer; end it (its id is in ${stateFile(home)}) or use another --home`,
      );
    }
    await sleep(200);
  }
}

/** The environment that runs in a folder, if its supervisor lives and its server answers. */
export async function findDev(
  home: string,
): Promise<(DevAddress & { readonly pid: number; readonly standing: boolean }) | undefined> {
  const state = readState(resolve(home));
  if (!state || !isAlive(state.pid) || !(await answers({ address: state.address }))) return undefined;
  const { address, namespace, uiUrl, pid, standing = false } = state;
  return { address, namespace, uiUrl, pid, standing };
}

async function startOwned(options: DevOptions, lock: Lock): Promise<Dev> {
  const { home, external, signal, env = process.env } = options;
  const dbFile = join(home, 'temporal.db');
  await endLeftover(home, dbFile);
  if (!external) makeSecret(home);

  const supervised = new Map<string, Supervised>();
  let state: DevState | undefined;
  const onEvent = (event: DevEvent) => {
    if (event.type === 'started' && state) {
      state.processes[event.name] = event.pid;
      writeState(home, state);
    }
    options.onEvent?.(event);
  };
  const stopAll = async () => {
    const server = supervised.get('temporal');
    await Promise.all([...supervised.values()].filter((process) => process !== server).map((worker) => worker.stop()));
    await server?.stop();
    rmSync(stateFile(home), { force: true });
    lock.release();
  };

  try {
    const server = external
      ? await externalServer(external)
      : await embeddedServer(options, dbFile, (process) => supervised.set('temporal', process), onEvent);
    signal?.throwIfAborted();
    const temporal = supervised.get('temporal')?.pid;
    state = {
      version: 1,
      pid: process.pid,
      standing: options.standing,
      ...server,
      processes: temporal === undefined ? {} : { temporal },
    };
    for (const { name, command, args } of (options.workers ?? defaultWorkers(options))(server)) {
      if (options.only && !options.only.includes(name)) continue;
      const logFile = join(home, 'logs', `${name}.log`);
      const start = () =>
        startDaemon({ name: `${name} worker`, command, args, logFile, env: workerEnvironment(env, options, server) });
      supervised.set(name, await supervise({ name, logFile, start, onEvent }));
      signal?.throwIfAborted();
    }
    let stopped: Promise<void> | undefined;
    return {
      ...server,
      home,
      owned: true,
      failed: Promise.race([...supervised.values()].map((process) => process.failed)),
      stop: () => (stopped ??= stopAll()),
    };
  } catch (error) {
    await stopAll();
    throw error;
  }
}

/** The environment that another process runs. Where that one stops before us, we go on with the same database and address. */
function joined(options: DevOptions, running: DevAddress & { readonly pid: number }): Dev {
  const { address, namespace, uiUrl, pid } = running;
  const stopping = new AbortController();
  let own: Dev | undefined;
  let giveUp!: (error: HabsburgError) => void;
  const failed = new Promise<HabsburgError>((resolve) => (giveUp = resolve));
  const watch = (async () => {
    while (readState(options.home)?.pid === pid && isAlive(pid)) await sleep(WATCH_MS, undefined, { signal: stopping.signal });
    own = await startDev({ ...options, ...(uiUrl ? portsOf({ address, uiUrl }) : {}), signal: stopping.signal });
    if (own.address !== address)
      throw new HabsburgError(
        'unreachable',
        `the Temporal server at ${address} stopped with the process that ran it, and its port is taken; run the same command again to go on`,
      );
    void own.failed.then(giveUp);
  })();
  watch.catch((error: unknown) => {
    if (!stopping.signal.aborted) giveUp(fromSystemError(error, 'taking over the development environment'));
  });
  return {
    ...{ address, namespace, uiUrl, home: options.home, failed },
    get owned() {
      return own?.owned ?? false;
    },
    async stop() {
      stopping.abort();
      await watch.catch(() => {});
      await own?.stop();
    },
  };
}

async function externalServer({ connection, namespace }: NonNullable<DevOptions['external']>): Promise<DevAddress> {
  try {
    await prepareNamespace({ connection, namespace });
  } catch (error) {
    throw new HabsburgError(
      'unreachable',
      `the Temporal server at ${connection.address} does not serve the namespace ${namespace} to us (${(error as Error).message}); see TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_TLS and TEMPORAL_API_KEY`,
      { cause: error },
    );
  }
  return { address: connection.address, namespace };
}

/** Starts the server under supervision: after a crash it comes back on the same file and the same ports. */
async function embeddedServer(
  { home, port, uiPort, progress = createProgress(), env, signal }: DevOptions,
  dbFile: string,
  keep: (process: Supervised) => void,
  onEvent: (event: SupervisorEvent) => void,
): Promise<DevAddress> {
  const logFile = join(home, 'logs', 'temporal.log');
  let first: TemporalServer | undefined;
  const start = async () => {
    if (!first) return (first = await startTemporal({ dbFile, port, uiPort, logFile, progress, env, signal }));
    return startTemporal({ dbFile, ...portsOf(first), exactPorts: true, logFile, progress, env });
  };
  keep(await supervise({ name: 'temporal', logFile, start, onEvent }));
  const { address, namespace, uiUrl } = first!;
  return { address, namespace, uiUrl };
}

const portsOf = ({ address, uiUrl }: { address: string; uiUrl: string }) => ({
  port: Number(address.split(':')[1]),
  uiPort: Number(new URL(uiUrl).port),
});

/** Files of running steps; a worker removes its own, and what killed ones left. */
const scratchFolder = (home: string): string => join(home, 'scratch');

function defaultWorkers({ home, slots, threads, external, queues = [] }: DevOptions): NonNullable<DevOptions['workers']> {
  return ({ address, namespace }) => {
    const server = external ? [] : ['--address', address, '--namespace', namespace, '--home', home];
    const worker = (name: string, served: readonly string[], ...more: string[]) => ({
      name,
      command: process.execPath,
      args: [
        join(repositoryRoot(), 'bin', 'habsburg.js'),
        'worker',
        '--queues',
        served.join(','),
        '--keys',
        join(home, 'keys'),
        ...more,
        ...server,
      ],
    });
    return [
      worker('workflow', ['workflow']),
      worker('cpu', ['cpu', ...queues], '--slots', String(slots), '--threads', String(threads), '--scratch', scratchFolder(home)),
    ];
  };
}

/** The workers of an embedded server must not meet settings that were made for another one. */
function workerEnvironment(env: NodeJS.ProcessEnv, { store, external }: DevOptions, server: DevAddress): NodeJS.ProcessEnv {
  const own = external ? env : Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('TEMPORAL_')));
  const address = external ? {} : { TEMPORAL_ADDRESS: server.address, TEMPORAL_NAMESPACE: server.namespace };
  return { ...own, ...address, ...(store === undefined ? {} : { HABSBURG_STORE: store }) };
}

/** Waits for the server of a supervisor that was killed, at whatever moment: two servers on one database file would spoil it. */
async function endLeftover(home: string, dbFile: string): Promise<void> {
  for (const pid of new Set([writtenPid(pidFileOf(dbFile)), readState(home)?.processes.temporal])) {
    if (pid === undefined) continue;
    const lives = () => isAlive(pid) && isServerOf(pid, home);
    for (const deadline = Date.now() + LEFTOVER_MS; lives() && Date.now() < deadline;) await sleep(100);
    if (!lives()) continue;
    process.kill(pid, 'SIGKILL');
    while (lives()) await sleep(20);
  }
}

function writtenPid(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

/** Whether a process is a Temporal server that works in this home; its id alone may be somebody else's by now. */
function isServerOf(pid: number, home: string): boolean {
  if (!/server start-dev .*temporal\.db/.test(commandLine(pid))) return false;
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(home);
  } catch {
    return process.platform !== 'linux';
  }
}
