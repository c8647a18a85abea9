// Set-up of a checkout: npm packages, the build, the servers. Each step is skipped in milliseconds once done.
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from './paths.mjs';
import { lastWords, onPath, runCommand } from './process.mjs';
import { SetupError } from './setup-error.mjs';
import { ensureTools } from './tools.mjs';

/** @typedef {import('./progress.mjs').Progress} Progress */

/**
 * Brings a checkout to where the CLI and the tests run. The servers are seen to beside packages and build.
 * @param {{ tools: readonly import('./versions.mjs').ToolName[], progress: Progress, env?: NodeJS.ProcessEnv }} options
 * @throws {SetupError} one sentence naming the step and the fix
 */
export async function setUp({ tools, progress, env = process.env }) {
  const root = repositoryRoot();
  const servers = ensureTools(tools, { env, progress });
  // a failure of the packages must not leave this one unhandled
  servers.catch(() => {});
  await installPackages(root, progress, env);
  await build(root, progress);
  await servers;
}

/**
 * `npm ci`, unless node_modules holds what package-lock.json asks for.
 * @param {string} root
 * @param {Progress} progress
 * @param {NodeJS.ProcessEnv} env
 */
async function installPackages(root, progress, env) {
  if (packagesInstalled(root)) return;
  const step = progress.step('npm packages');
  const npm =
    env.npm_execpath && existsSync(env.npm_execpath) ? [process.execPath, env.npm_execpath] : onPath('npm', env).slice(0, 1);
  if (npm.length === 0) {
    step.fail('no npm');
    throw new SetupError('invalid', 'npm is not on PATH: install it (it comes with Node) and run again.');
  }
  step.update('npm ci, half a minute to two minutes');
  const complaints = /** @type {string[]} */ ([]);
  const outcome = await runCommand(npm[0], [...npm.slice(1), 'ci', '--no-fund', '--no-audit'], {
    cwd: root,
    env,
    onLine(line) {
      const complaint = /^npm (?:error|ERR!) +(?!A complete log)(.+)/.exec(line)?.[1];
      if (complaint && complaints.length < 4) complaints.push(complaint);
    },
  });
  if (outcome.code !== 0) {
    step.fail('npm ci failed');
    const reason = complaints.join(' / ') || lastWords(outcome.tail);
    throw new SetupError('unreachable', `npm ci failed (${reason}); see that the npm registry can be reached and run again.`);
  }
  step.done();
}

/**
 * Whether every package of package-lock.json is installed in its version; npm's own record in node_modules says so.
 * @param {string} root
 */
export function packagesInstalled(root) {
  const modules = join(root, 'node_modules');
  const record = join(modules, '.package-lock.json');
  if (!existsSync(record)) return false;
  // a link means that somebody shares an installation on purpose; installing would change theirs
  if (lstatSync(modules).isSymbolicLink()) return true;
  try {
    const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
    const present = JSON.parse(readFileSync(record, 'utf8')).packages;
    return Object.entries(wanted).every(([path, entry]) => {
      if (path === '') return true;
      // optional packages are for other platforms
      if (!(path in present)) return entry.optional === true;
      return present[path].version === entry.version && existsSync(join(root, path));
    });
  } catch {
    return false;
  }
}

/**
 * Compiles TypeScript into dist/ and bundles the workflow code there, unless no source has changed since.
 * @param {string} root
 * @param {Progress} progress
 */
export async function build(root, progress) {
  if (isBuilt(root)) return;
  const stamp = stampFile(root);
  const fingerprint = sourceFingerprint(root);
  const step = progress.step('build');
  const outcome = await runCommand(
    process.execPath,
    [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '--project', 'tsconfig.json'],
    { cwd: root },
  );
  if (outcome.code !== 0) {
    step.fail('the compiler found errors');
    throw new SetupError('failed', `The build failed:\n${outcome.tail}`);
  }
  dropLeftovers(root);
  if (existsSync(join(root, 'dist', 'workflows', 'index.js'))) {
    step.update('bundling workflow code');
    const bundling = await runCommand(process.execPath, [join(root, 'infra', 'bundle-workflows.mjs')], { cwd: root });
    if (bundling.code !== 0) {
      step.fail('the workflow code cannot be bundled');
      throw new SetupError('failed', `The build failed:\n${bundling.tail}`);
    }
  }
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(stamp, `${JSON.stringify({ fingerprint })}\n`);
  step.done();
}

/**
 * Removes what was compiled from sources that are gone: what is in dist/ is what runs, and has one digest for one source.
 * @param {string} root
 */
export function dropLeftovers(root) {
  const folders = readdirSync(join(root, 'dist'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const from = { js: ['ts', 'js'], mjs: ['mts', 'mjs'], json: ['json'] };
  for (const { name } of folders)
    for (const file of readdirSync(join(root, 'dist', name), { recursive: true, encoding: 'utf8' })) {
      const [, stem, ending] = /^(.*)\.(js|mjs|json)(?:\.map)?$/.exec(file) ?? [];
      if (stem === undefined) continue;
      const source = join(root, name, stem);
      if (from[/** @type {keyof typeof from} */ (ending)].some((form) => existsSync(`${source}.${form}`))) continue;
      rmSync(join(root, 'dist', name, file));
    }
}

/**
 * Whether dist/ was compiled from the sources as they are.
 * @param {string} root
 */
export function isBuilt(root) {
  try {
    return JSON.parse(readFileSync(stampFile(root), 'utf8')).fingerprint === sourceFingerprint(root);
  } catch {
    return false;
  }
}

/** @param {string} root */
const stampFile = (root) => join(root, 'dist', '.habsburg-build.json');

/**
 * Hash over names, sizes and times of what the compiler reads.
 * @param {string} root
 */
function sourceFingerprint(root) {
  const hash = createHash('sha256').update(process.versions.node);
  const { include } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8'));
  for (const file of ['tsconfig.json', 'package-lock.json']) hash.update(readFileSync(join(root, file)));
  for (const folder of include) {
    for (const file of existsSync(join(root, folder)) ? sources(join(root, folder)) : []) {
      const { size, mtimeMs } = statSync(file);
      hash.update(`${file}\0${size}\0${mtimeMs}\n`);
    }
  }
  return hash.digest('hex');
}

/**
 * @param {string} folder
 * @returns {string[]}
 */
function sources(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return sources(path);
      return /\.(ts|mts|mjs|json)$/.test(entry.name) ? [path] : [];
    });
}
