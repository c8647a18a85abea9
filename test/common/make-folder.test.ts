/** Folders that are made with those above them, or cannot be, and say so at once. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { makeFolder } from '../../common/make-folder.mjs';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'habsburg-folders-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));
const code = (path: string): string | undefined => {
  try {
    makeFolder(path);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
  return undefined;
};

test('is made with those above it, each with the mode, and may be there', () => {
  const path = join(root, 'a', 'b', 'c');
  makeFolder(path, 0o700);
  makeFolder(path, 0o755);
  for (const each of [path, join(root, 'a')]) expect(statSync(each).mode & 0o777).toBe(0o700);
});

test('a link to a folder is one', () => {
  symlinkSync(root, join(root, 'link'));
  makeFolder(join(root, 'link', 'in', 'it'));
  expect(statSync(join(root, 'in', 'it')).isDirectory()).toBe(true);
});

test('a file in the way is named by the system', () => {
  writeFileSync(join(root, 'file'), '');
  expect(code(join(root, 'file'))).toBe('EEXIST');
  expect(code(join(root, 'file', 'below'))).toBe('ENOTDIR');
});

/** In a process of its own: Node's own `mkdir` would not come back from there. */
const onLinux = process.platform === 'linux' ? test : test.skip;
onLinux.each(['/proc/habsburg', '/proc/habsburg/a/b'])('nothing can be made in %s, which is said at once', (path) => {
  const script = `import(${JSON.stringify(new URL('../../common/make-folder.mjs', import.meta.url).href)}).then((m) => m.makeFolder('${path}')).catch((e) => console.log(e.code, e.message))`;
  const { stdout } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8', timeout: 10_000 });
  expect(stdout).toBe('EROFS EROFS: nothing can be made in /proc\n');
});

onLinux.each([
  ['the cache', { HABSBURG_CACHE: '/proc/habsburg', PATH: '' }, ['dev', '--home', 'HOME']],
  ['a home', {}, ['dev', '--home', '/proc/habsburg']],
  ['a store', {}, ['run', 'curse-single-normal', '--home', 'HOME', '--store', '/proc/habsburg']],
  ['a new model', {}, ['lm', 'convert', '--model', 'test/golden/lm/opt-pre-ln', '--out', '/proc/habsburg']],
])(
  '%s where nothing can be made is named by the command',
  (_, env, args) => {
    const bin = new URL('../../bin/habsburg.js', import.meta.url).pathname;
    const words = args.map((word) => (word === 'HOME' ? join(root, 'home') : word));
    const { stderr, status } = spawnSync(process.execPath, [bin, ...words], { encoding: 'utf8', timeout: 60_000, env: { ...process.env, ...env } }); // prettier-ignore
    expect(stderr).toMatch(/^habsburg: .*\/proc\/habsburg/m);
    expect(status).toBe(2);
  },
  90_000,
);
