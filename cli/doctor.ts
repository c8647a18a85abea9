/** The checks of `habsburg doctor`: what a run needs from this machine, each with its fix. They change nothing and start nothing. */
import { existsSync } from 'node:fs';
import { readFile, statfs } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { openStore } from '../artifacts/open.js';
import { Graph } from '../engine/graph/graph.js';
import { float32, Session } from '../engine/session.js';
import { findDev } from '../infra/dev.js';
import { goOnPath } from '../infra/go.mjs';
import { answers } from '../infra/namespace.js';
import { nodeProblem, OLDEST_NODE } from '../infra/node-version.mjs';
import { cacheFolder, repositoryRoot } from '../infra/paths.mjs';
import { onPath } from '../infra/process.mjs';
import { isBuilt, packagesInstalled } from '../infra/setup.mjs';
import { locateTool } from '../infra/tools.mjs';
import { PINS, type ToolName } from '../infra/versions.mjs';
import { fromEnvironment, hasExternalServer } from '../workers/connection.js';

export interface Finding {
  readonly check: string;
  /** `note`: works, but there is something to know */
  readonly status: 'ok' | 'note' | 'failed';
  readonly detail: string;
  /** what to do; given wherever the status is not `ok` */
  readonly fix?: string;
  /** a failure outside this machine: the exit code says "unreachable" */
  readonly service?: boolean;
}

export interface DoctorOptions {
  /** folder of the embedded server */
  readonly home: string;
  /** whether the server is the user's own; default: as the environment and the profile file say */
  readonly external?: boolean;
  /** artifact store as a url */
  readonly store: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Free space below which a quickstart may not fit, and below which building the servers may not. */
const RUN_BYTES = 1e9;
const BUILD_BYTES = 8e9;
/** Variables of the Hugging Face Hub client that decide where data comes from; values are never shown. */
const HUB_VARIABLES = [
  'HF_HOME',
  'HF_HUB_CACHE',
  'HUGGINGFACE_HUB_CACHE',
  'HF_TOKEN',
  'HF_TOKEN_PATH',
  'HF_ENDPOINT',
  'HF_HUB_OFFLINE',
];

/** Runs every check; one that breaks is a finding too. */
export async function examine(options: DoctorOptions): Promise<Finding[]> {
  const checks: Record<string, () => Promise<Omit<Finding, 'check'>>> = {
    'Node.js': node,
    packages,
    engine,
    'Temporal server': () => temporal(options),
    'S3 server for tests': () => tool('versitygw', options.env),
    'artifact store': () => store(options),
    disk: () => disk(options),
    processor: processor,
    'Hugging Face Hub': () => hub(options.env),
  };
  return Promise.all(
    Object.entries(checks).map(async ([check, run]) => {
      const finding = await run().catch((error: Error) => ({
        status: 'failed' as const,
        detail: error.message,
        fix: 'report this with the output of habsburg doctor --json',
      }));
      return { check, ...finding };
    }),
  );
}

async function node(): Promise<Omit<Finding, 'check'>> {
  const problem = nodeProblem(process.versions.node);
  return problem
    ? { status: 'failed', detail: problem, fix: `install Node ${OLDEST_NODE} or newer` }
    : { status: 'ok', detail: process.versions.node };
}

async function packages(): Promise<Omit<Finding, 'check'>> {
  const root = repositoryRoot();
  if (!packagesInstalled(root))
    return { status: 'failed', detail: 'node_modules is not what package-lock.json asks for', fix: 'npm ci' };
  if (!isBuilt(root)) return { status: 'note', detail: 'dist/ is older than the sources', fix: 'npm run build' };
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  return { status: 'ok', detail: `habsburg ${version}, packages and build as the lock file and sources say` };
}

/** Runs a graph of one node: 3 x 2 must be 6. */
async function engine(): Promise<Omit<Finding, 'check'>> {
  const graph = new Graph();
  graph.output('y', graph.mul(graph.input('x', 'float32', [1]), graph.scalar(2)));
  try {
    const session = await Session.create(graph, { threads: 1 });
    const { y } = await session.run({ x: float32(Float32Array.of(3), [1]) }, ['y']);
    await session.release();
    if (y.data[0] !== 6) throw new Error(`3 x 2 gave ${y.data[0]}`);
    return { status: 'ok', detail: `onnxruntime ${await packageVersion('onnxruntime-node')} computes on the CPU` };
  } catch (error) {
    return {
      status: 'failed',
      detail: `onnxruntime does not run: ${(error as Error).message}`,
      fix: `npm ci; onnxruntime-node has binaries for Linux x64 and arm64, macOS arm64 and Windows (this is ${process.platform} ${process.arch})`,
    };
  }
}

async function packageVersion(name: string): Promise<string> {
  const manifest = join(repositoryRoot(), 'node_modules', name, 'package.json');
  return (JSON.parse(await readFile(manifest, 'utf8')) as { version: string }).version;
}

/** The user's server must answer; the embedded one need not run, but there must be a way to it. */
async function temporal({ home, external = hasExternalServer(), env }: DoctorOptions): Promise<Omit<Finding, 'check'>> {
  if (external) {
    const { connection, namespace } = fromEnvironment();
    const { address, tls, apiKey, metadata } = connection;
    if (await answers({ address, tls, apiKey, metadata }))
      return { status: 'ok', detail: `${address} answers (namespace ${namespace})` };
    return {
      status: 'failed',
      service: true,
      detail: `no answer from ${address}`,
      fix: 'start it, correct TEMPORAL_ADDRESS, TEMPORAL_TLS and TEMPORAL_API_KEY, or unset them for the embedded server',
    };
  }
  const running = await findDev(home);
  if (running) return { status: 'ok', detail: `the embedded server of ${home} answers at ${running.address}` };
  return tool('temporal', env);
}

/** Which rung of the ladder would give the server. */
async function tool(name: ToolName, env: NodeJS.ProcessEnv): Promise<Omit<Finding, 'check'>> {
  const { tool: found, tried } = await locateTool(name, env);
  if (found) return { status: 'ok', detail: `${name} ${found.version} from ${found.from}: ${found.path}` };
  const how = await goOnPath(env).then(
    (go) => `built with ${go.description}`,
    () => (onPath('python3', env).length > 0 ? `built with Go ${PINS.go.version} from PyPI` : undefined),
  );
  const optional = name === 'versitygw';
  if (how)
    return {
      status: 'note',
      detail: `not there yet; it would be downloaded or ${how} (about four minutes, once)`,
      fix: optional ? 'npm test sees to it' : 'npm start sees to it',
    };
  return {
    status: optional ? 'note' : 'failed',
    service: true,
    detail: `not there, and no way to build it (${tried.join('; ')})`,
    fix: `put ${name} ${PINS[name].version} on PATH, or install Go ${PINS.go.version}, or Python 3 with pip${optional ? '' : '; or set TEMPORAL_ADDRESS'}`,
  };
}

/** A remote store must list; a folder need only be writable once there. */
async function store({ store: url, env }: DoctorOptions): Promise<Omit<Finding, 'check'>> {
  if (!url.startsWith('s3:')) return { status: 'ok', detail: url };
  const credentials = [
    'AWS_ENDPOINT_URL_S3',
    'AWS_ENDPOINT_URL',
    'AWS_REGION',
    'AWS_PROFILE',
    'AWS_ACCESS_KEY_ID',
    'AWS_SECRET_ACCESS_KEY',
  ].filter((name) => env[name]);
  const set = credentials.length > 0 ? `set: ${credentials.join(', ')}` : 'no AWS variables are set';
  try {
    for await (const _ of openStore(url).list('doctor-')) break;
    return { status: 'ok', detail: `${url} answers (${set})` };
  } catch (error) {
    return {
      status: 'failed',
      service: true,
      detail: `${url}: ${(error as Error).message} (${set})`,
      fix: 'set AWS_ENDPOINT_URL_S3, AWS_REGION and credentials as for the AWS CLI, and create the bucket',
    };
  }
}

async function disk({ home, env }: DoctorOptions): Promise<Omit<Finding, 'check'>> {
  const free = await freeBytes(home);
  if (free < RUN_BYTES)
    return {
      status: 'failed',
      detail: `${gigabytes(free)} free for ${home}`,
      fix: 'free some space, or use --home and --store on another disk',
    };
  const cache = cacheFolder(env);
  const built = (await locateTool('temporal', env)).tool !== undefined;
  const cacheFree = await freeBytes(cache);
  if (!built && cacheFree < BUILD_BYTES)
    return {
      status: 'note',
      detail: `${gigabytes(cacheFree)} free for ${cache}`,
      fix: `building the servers takes up to ${gigabytes(BUILD_BYTES)} while it runs: set HABSBURG_CACHE, GOCACHE and GOMODCACHE to another disk`,
    };
  return { status: 'ok', detail: `${gigabytes(free)} free for ${home}` };
}

/** Free bytes of the file system that holds a folder, which need not exist yet. */
async function freeBytes(folder: string): Promise<number> {
  let existing = resolve(folder);
  while (!existsSync(existing)) existing = dirname(existing);
  const { bavail, bsize } = await statfs(existing);
  return bavail * bsize;
}

async function processor(): Promise<Omit<Finding, 'check'>> {
  return { status: 'ok', detail: `${availableParallelism()} threads, ${gigabytes(totalmem())} of memory` };
}

async function hub(env: NodeJS.ProcessEnv): Promise<Omit<Finding, 'check'>> {
  const set = HUB_VARIABLES.filter((name) => env[name]);
  return {
    status: 'ok',
    detail: set.length > 0 ? `set: ${set.join(', ')}` : 'no variable set; public models and data sets are reachable without',
  };
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
