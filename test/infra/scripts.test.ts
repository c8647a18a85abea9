import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { nodeProblem } from '../../infra/node-version.mjs';
import { repositoryRoot } from '../../infra/paths.mjs';
import { isBuilt, packagesInstalled } from '../../infra/setup.mjs';
import { temporaryFolder } from '../support/servers.js';

/** A checkout in small: the real scripts over a command line that says how it was called. */
describe('the scripts of a checkout', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let root: string;
  let env: NodeJS.ProcessEnv;
  beforeEach(() => {
    folder = temporaryFolder();
    root = join(folder.path, 'checkout');
    for (const part of ['scripts', 'infra']) cpSync(join(repositoryRoot(), part), join(root, part), { recursive: true });
    write('common/make-folder.mjs', readFileSync(join(repositoryRoot(), 'common', 'make-folder.mjs'), 'utf8'));
    symlinkSync(join(repositoryRoot(), 'node_modules'), join(root, 'node_modules'));
    write('package.json', JSON.stringify({ name: 'habsburg', type: 'module' }));
    write('package-lock.json', JSON.stringify({ packages: {} }));
    write(
      'tsconfig.json',
      JSON.stringify({
        compilerOptions: { outDir: 'dist', rootDir: '.', module: 'NodeNext', lib: ['ES5'], types: [], incremental: true },
        include: ['src'],
      }),
    );
    write('src/answer.ts', 'export const answer: number = 42;\n');
    write('bin/habsburg.js', `console.log(JSON.stringify(process.argv.slice(2))); process.exitCode = 7;`);
    write('servers/temporal', '#!/bin/sh\necho "temporal version 1.8.2 (Server 1.31.2, UI 2.50.1)"\n', 0o755);
    write('servers/versitygw', '#!/bin/sh\necho "Version  : v1.7.0"\n', 0o755);
    env = { ...process.env, PATH: `${join(root, 'servers')}:${process.env.PATH}`, HABSBURG_CACHE: join(folder.path, 'cache') };
    delete env.TEMPORAL_ADDRESS;
  });
  afterEach(() => folder.remove());

  function write(path: string, text: string, mode?: number): void {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text, { mode });
  }
  const script = (name: string, ...args: string[]) =>
    spawnSync(process.execPath, [join(root, 'scripts', name), ...args], { env, encoding: 'utf8' });

  test('start builds, passes its arguments on and takes over the exit code; a second start builds nothing', () => {
    const first = script('start.mjs', '--set', 'seeds=[1,2]');
    expect(first.stdout.trim()).toBe('["run","quickstart","--dev","--set","seeds=[1,2]"]');
    expect(first.status).toBe(7);
    expect(first.stderr).toMatch(/^· build\n✓ build \(\d+\.\d s\)\n$/);
    expect(isBuilt(root)).toBe(true);
    const built = statSync(join(root, 'dist', 'src', 'answer.js')).mtimeMs;
    const second = script('start.mjs');
    expect(second.stderr).toBe('');
    expect(statSync(join(root, 'dist', 'src', 'answer.js')).mtimeMs).toBe(built);
  });

  test('a changed, new or removed source makes it build again', () => {
    script('build.mjs');
    const stale = () => script('build.mjs').stderr.includes('✓ build');
    expect(stale()).toBe(false);
    write('src/answer.ts', 'export const answer: number = 43;\n\n');
    expect(stale()).toBe(true);
    write('src/more.ts', 'export {};\n');
    expect(stale()).toBe(true);
    rmSync(join(root, 'src', 'more.ts'));
    expect(isBuilt(root)).toBe(false);
  });

  test('a build that fails shows what the compiler said and leaves no stamp', () => {
    write('src/answer.ts', `export const answer: number = 'forty-two';\n`);
    const outcome = script('start.mjs');
    expect(outcome.status).toBe(1);
    expect(outcome.stderr).toContain("src/answer.ts(1,14): error TS2322: Type 'string' is not assignable to type 'number'.");
    expect(outcome.stdout).toBe('');
    expect(isBuilt(root)).toBe(false);
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s reaches the program, and start ends as it ends', async (signal, code) => {
    write(
      'bin/habsburg.js',
      `for (const [s, c] of [['SIGINT', 130], ['SIGTERM', 143]]) process.on(s, () => process.exit(c)); setInterval(() => {}, 1000); console.log('up');`,
    );
    script('build.mjs');
    const start = spawn(process.execPath, [join(root, 'scripts', 'start.mjs')], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    start.stdout.once('data', () => start.kill(signal));
    expect(await new Promise((resolve) => start.once('exit', resolve))).toBe(code);
  });

  test('test passes its arguments to Jest, keeps foreign servers out, and ends with the plain count', () => {
    write('jest.config.mjs', `export default { testMatch: ['**/*.check.mjs'], transform: {} };`);
    write(
      'checks/good.check.mjs',
      `test('sees no server of the user', () => expect(process.env.TEMPORAL_ADDRESS).toBeUndefined()); test('second', () => {});`,
    );
    write('checks/bad.check.mjs', `test('wrong', () => expect(1).toBe(2));`);
    write('checks/broken.check.mjs', `import './missing.mjs';`);
    env.TEMPORAL_ADDRESS = 'production:7233';
    const all = script('test.mjs');
    expect(all.stdout.trimEnd().split('\n').at(-1)).toBe('2 passed, 2 failed');
    expect(all.status).toBe(1);
    const some = script('test.mjs', 'good', '-t', 'second');
    expect(some.stdout.trimEnd().split('\n').at(-1)).toBe('1 passed, 0 failed');
    expect(some.status).toBe(0);
  }, 60_000);
});

describe('set-up', () => {
  test('an old Node is told so in one sentence', () => {
    expect(nodeProblem('18.20.4')).toBe('Node 18.20.4 is too old: Habsburg needs Node 20.19.0 or newer (https://nodejs.org).');
    expect(['20.18.3', '20.19.0', '20.20.2', '22.1.0', '9.11.2'].map((version) => nodeProblem(version) === '')).toEqual([
      false,
      true,
      true,
      true,
      false,
    ]);
  });

  test('packages count as installed only if each is there in the version of the lock file', () => {
    const folder = temporaryFolder();
    const root = folder.path;
    const lock = (packages: object) => JSON.stringify({ packages });
    const installed = (wanted: object, present: object) => {
      mkdirSync(join(root, 'node_modules', 'a'), { recursive: true });
      writeFileSync(join(root, 'package-lock.json'), lock({ '': {}, ...wanted }));
      writeFileSync(join(root, 'node_modules', '.package-lock.json'), lock(present));
      return packagesInstalled(root);
    };
    const a = { 'node_modules/a': { version: '1.0.0' } };
    expect(packagesInstalled(root)).toBe(false);
    expect(installed(a, a)).toBe(true);
    expect(installed({ 'node_modules/a': { version: '1.0.1' } }, a)).toBe(false);
    expect(installed({ ...a, 'node_modules/b': { version: '1.0.0' } }, a)).toBe(false);
    expect(installed({ ...a, 'node_modules/b': { version: '1.0.0', optional: true } }, a)).toBe(true);
    rmSync(join(root, 'node_modules', 'a'), { recursive: true });
    expect(existsSync(join(root, 'node_modules', '.package-lock.json'))).toBe(true);
    expect(packagesInstalled(root)).toBe(false);
    folder.remove();
  });

  test("the repository's own lock file names a version and, where the registry had it, a digest for every package", () => {
    const { packages } = JSON.parse(readFileSync(join(repositoryRoot(), 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { version?: string; optionalDependencies?: object; integrity?: string; optional?: boolean }>;
    };
    const entries = Object.entries(packages).filter(([path]) => path !== '');
    expect(entries.filter(([, entry]) => !entry.version)).toEqual([]);
    expect(entries.filter(([, entry]) => !entry.integrity && !entry.optional)).toEqual([]);
    // `npm ci` refuses a lock file that leaves out the packages of other platforms
    const named = entries.flatMap(([, entry]) => Object.keys(entry.optionalDependencies ?? {}));
    expect(named.filter((name) => !(`node_modules/${name}` in packages))).toEqual([]);
  });
});
