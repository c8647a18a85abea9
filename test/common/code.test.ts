/** The digest of the code that runs: by what sha256sum says, and of nothing that differs between machines. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { digestOfCode } from '../../common/code.js';

const root = mkdtempSync(join(tmpdir(), 'habsburg-code-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const FILES = {
  'package.json': '{"version":"0.1.0"}',
  'package-lock.json': '{}',
  'bin/habsburg.js': 'import',
  'dist/cli/main.js': 'main',
  'dist/cli-2/b.mjs': 'b',
  'dist/cli/Zed.js': 'zed',
};
function folder(name: string, files: Readonly<Record<string, string>>): string {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name, path)), { recursive: true });
    writeFileSync(join(root, name, path), content);
  }
  return join(root, name);
}

test('is what sha256sum makes of the files and of its own list, as docs/lineage.md says', () => {
  const one = folder('one', FILES);
  const shell = `find bin dist package.json package-lock.json -type f -regextype posix-extended -regex '.*\\.(js|mjs|cjs|json|node|wasm)' ! -name '.*' ! -path dist/workflow-bundle.cjs | LC_ALL=C sort | xargs sha256sum | sha256sum`;
  const by = execFileSync('bash', ['-c', shell], { cwd: one, encoding: 'utf8' });
  expect(digestOfCode(one)).toBe(`sha256:${by.slice(0, 64)}`);
});

test('is the same elsewhere, and with what the compiler and the bundler leave beside the code', () => {
  const one = join(root, 'one');
  cpSync(one, join(root, 'deep', 'er', 'two'), { recursive: true });
  const two = folder('deep/er/two', {
    'dist/cli/main.js.map': '{"sources":["/home/me"]}',
    'dist/.habsburg-build.json': '{"fingerprint":"times"}',
    'dist/.tsbuildinfo': '{}',
    'dist/workflow-bundle.cjs': '//# sourceMappingURL=/home/me',
    'README.md': 'read me',
    'data/text.js': 'not built',
  });
  expect(digestOfCode(two)).toBe(digestOfCode(one));
});

test('is another where a byte of the code, its name, or the list of packages is another', () => {
  const digests = [digestOfCode(join(root, 'one'))];
  for (const path of Object.keys(FILES))
    digests.push(digestOfCode(folder(`changed-${digests.length}`, { ...FILES, [path]: 'other' })));
  digests.push(digestOfCode(folder('added', { ...FILES, 'dist/engine/op.js': 'op' })));
  const { 'dist/cli/main.js': main, ...rest } = FILES;
  digests.push(digestOfCode(folder('renamed', { ...rest, 'dist/cli/mean.js': main })));
  expect(new Set(digests).size).toBe(digests.length);
});
