import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { downloadTool, extract } from '../../infra/download.mjs';
import { repositoryRoot } from '../../infra/paths.mjs';
import { ensureTool, ensureTools, locateTool, toolFolder } from '../../infra/tools.mjs';
import { atLeast, findVersion } from '../../infra/versions.mjs';
import { temporaryFolder } from '../support/servers.js';

const refused = () =>
  Promise.reject(new TypeError('fetch failed', { cause: new Error('getaddrinfo ENOTFOUND temporal.download') }));

/** A Go whose `build` writes a program named like each package, slowly, and leaves a line for each build. */
const FAKE_GO = `#!/bin/sh
if [ "$1" = version ]; then echo "go version go$FAKE_GO_VERSION linux/amd64"; exit 0; fi
echo "$GOTOOLCHAIN $PWD" >> "$FAKE_GO_LOG"
sleep 0.5
for last do
  case "$previous" in -o) out=$last ;; esac
  case "$last" in github.com/*) printf '#!/bin/sh\\necho built' > "$out$(basename "$last")"; chmod +x "$out$(basename "$last")" ;; esac
  previous=$last
done
`;

describe('the server ladder', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let env: NodeJS.ProcessEnv;
  beforeEach(() => {
    folder = temporaryFolder();
    // the tools of a bare system, without Go, Python and our servers
    const bin = join(folder.path, 'system');
    mkdirSync(bin);
    for (const name of ['sh', 'sleep', 'basename', 'chmod'])
      symlinkSync(spawnSync('which', [name], { encoding: 'utf8' }).stdout.trim(), join(bin, name));
    env = {
      PATH: bin,
      HABSBURG_CACHE: join(folder.path, 'cache'),
      FAKE_GO_LOG: join(folder.path, 'builds'),
      FAKE_GO_VERSION: '1.26.8',
    };
  });
  afterEach(() => folder.remove());

  function onPath(folderName: string, name: string, script: string): string {
    const bin = join(folder.path, folderName);
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, name), script, { mode: 0o755 });
    env.PATH = `${env.PATH}:${bin}`;
    return join(bin, name);
  }
  const temporalScript = (server: string) => `#!/bin/sh\necho "temporal version 1.4.1 (Server ${server}, UI 2.42.1)"\n`;
  const builds = () => (existsSync(env.FAKE_GO_LOG!) ? readFileSync(env.FAKE_GO_LOG!, 'utf8').trim().split('\n') : []);

  test('a new enough temporal on PATH is taken as it is', async () => {
    const path = onPath('a', 'temporal', temporalScript('1.29.1'));
    expect(await ensureTool('temporal', { env, fetch: refused })).toEqual({ path, version: '1.29.1', from: 'PATH' });
  });

  test('an old temporal on PATH is passed over for a newer one further on', async () => {
    const old = onPath('a', 'temporal', temporalScript('1.27.1'));
    expect((await locateTool('temporal', env)).tried[0]).toBe(`${old} is version 1.27.1, older than 1.29.1`);
    const path = onPath('b', 'temporal', temporalScript('1.31.2'));
    expect((await ensureTool('temporal', { env, fetch: refused })).path).toBe(path);
  });

  test('a program of that name that fails or says no version is passed over', async () => {
    const path = onPath('a', 'versitygw', '#!/bin/sh\necho "Version  : git"\n');
    const other = onPath('b', 'versitygw', '#!/bin/sh\nexit 1\n');
    expect((await locateTool('versitygw', env)).tried.slice(0, 2)).toEqual([
      `${path} is of no known version`,
      `${other} is of no known version`,
    ]);
  });

  test('where no rung works, one sentence names each of them and what to do', async () => {
    onPath('a', 'temporal', temporalScript('1.22.0'));
    onPath('a', 'go', FAKE_GO);
    env.FAKE_GO_VERSION = '1.19.8';
    const error = (await ensureTool('temporal', { env, fetch: refused }).catch((thrown: unknown) => thrown)) as Error & {
      exitCode: number;
    };
    expect(error.exitCode).toBe(5);
    expect(error.message.split('\n')).toHaveLength(1);
    for (const part of [
      'version 1.22.0, older than 1.29.1',
      'none in the cache',
      'ENOTFOUND temporal.download',
      'Go 1.19.8 on PATH is older than 1.21.0',
      'no python3 on PATH',
      'TEMPORAL_ADDRESS',
    ]) {
      expect(error.message).toContain(part);
    }
    expect(readdirSync(toolFolder(env))).toEqual([]);
  });

  test('what is missing is built together, in the pinned module, once', async () => {
    onPath('a', 'go', FAKE_GO);
    const tools = await ensureTools(['temporal', 'versitygw'], { env, fetch: refused });
    expect(builds()).toEqual([`local ${join(repositoryRoot(), 'infra', 'tools')}`]);
    expect(spawnSync(tools.temporal.path, { encoding: 'utf8' }).stdout).toBe('built\n');
    expect(await ensureTools(['temporal', 'versitygw'], { env, fetch: refused })).toEqual(tools);
    expect(builds()).toHaveLength(1);
    expect(readdirSync(toolFolder(env)).sort()).toEqual(['temporal', 'temporal.json', 'versitygw', 'versitygw.json']);
  });

  test('a Go from 1.21 on is told to fetch the toolchain that the module names', async () => {
    onPath('a', 'go', FAKE_GO);
    env.FAKE_GO_VERSION = '1.22.1';
    await ensureTool('temporal', { env, fetch: refused });
    expect(builds()[0]).toMatch(/^auto /);
  });

  test('a damaged binary in the cache is noticed and built again', async () => {
    onPath('a', 'go', FAKE_GO);
    const { path } = await ensureTool('temporal', { env, fetch: refused });
    appendFileSync(path, 'x');
    expect((await locateTool('temporal', env)).tried[1]).toMatch(/is not what was built/);
    await ensureTool('temporal', { env, fetch: refused });
    expect(builds()).toHaveLength(2);
    expect((await locateTool('temporal', env)).tool).toMatchObject({ path, from: 'cache' });
    writeFileSync(`${path}.json`, '{');
    expect((await locateTool('temporal', env)).tool).toBeUndefined();
  });

  test('two processes that need the same server build it once', async () => {
    onPath('a', 'go', FAKE_GO);
    const script = `
      import { ensureTool } from ${JSON.stringify(pathToFileURL(join(repositoryRoot(), 'infra', 'tools.mjs')).href)};
      const fetch = () => Promise.reject(new Error('refused'));
      console.log((await ensureTool('temporal', { fetch })).path);`;
    const run = () =>
      new Promise<string>((resolve) => {
        const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
          env,
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        let output = '';
        child.stdout.on('data', (text) => (output += text));
        child.on('close', () => resolve(output.trim()));
      });
    const [one, two, three] = await Promise.all([run(), run(), run()]);
    expect(one).toBe(join(toolFolder(env), 'temporal'));
    expect([two, three]).toEqual([one, one]);
    expect(builds()).toHaveLength(1);
  });

  test('an interrupted build ends at once and leaves nothing behind', async () => {
    onPath('a', 'go', FAKE_GO.replace('sleep 0.5', 'exec sleep 60'));
    const stop = new AbortController();
    const building = ensureTool('temporal', { env, fetch: refused, signal: stop.signal });
    building.catch(() => {});
    while (builds().length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    stop.abort(new Error('stopped'));
    await expect(building).rejects.toThrow('stopped');
    expect(readdirSync(join(env.HABSBURG_CACHE!, 'tools'))).toEqual([basename(toolFolder(env))]);
    expect(readdirSync(toolFolder(env))).toEqual([]);
  });

  test('a download with another digest than the pinned one is refused', async () => {
    const target = join(folder.path, 'temporal');
    const fetch = () => Promise.resolve(new Response(gzipSync('something else')));
    await expect(downloadTool('temporal', target, { fetch })).rejects.toThrow(
      /has SHA-256 [0-9a-f]{64}, not the pinned [0-9a-f]{64}/,
    );
    expect(existsSync(target)).toBe(false);
    const missing = () => Promise.resolve(new Response('', { status: 403 }));
    await expect(downloadTool('temporal', target, { fetch: missing })).rejects.toThrow('answered 403');
  });

  test('a file is taken out of an archive that tar made', () => {
    mkdirSync(join(folder.path, 'pack'));
    const bytes = Buffer.from(Array.from({ length: 1300 }, (_, i) => i % 251));
    writeFileSync(join(folder.path, 'pack', 'LICENSE'), 'text\n');
    writeFileSync(join(folder.path, 'pack', 'temporal'), bytes);
    const { stdout } = spawnSync('tar', ['--create', '--directory', join(folder.path, 'pack'), 'LICENSE', 'temporal'], {
      maxBuffer: 1 << 20,
    });
    expect(extract(stdout, 'temporal').equals(bytes)).toBe(true);
    expect(() => extract(stdout, 'tempora')).toThrow('holds no file');
  });

  test('versions are read and compared as numbers', () => {
    expect(['Version  : v1.7.0', 'Server 1.31.2', 'Version  : git'].map(findVersion)).toEqual(['1.7.0', '1.31.2', undefined]);
    expect([
      atLeast('1.29.1', '1.29.1'),
      atLeast('1.30', '1.29.1'),
      atLeast('1.9.9', '1.29.1'),
      atLeast('1.29', '1.29.1'),
    ]).toEqual([true, true, false, false]);
  });
});
