/** What becomes of output that nobody can take: a full disk, a reader that has seen enough, a terminal that is gone. */
import { expect, test } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../bin/habsburg.js', import.meta.url));
const shell = (command: string) =>
  spawnSync('/bin/sh', ['-c', command], {
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '', H: `"${process.execPath}" "${BIN}"` },
  });

(existsSync('/dev/full') ? test : test.skip).each(['metrics', 'presets --json', 'presets nature-small', '--help'])(
  'a full disk is a sentence and exit code 6: %s',
  (command) => {
    const { status, stderr } = shell(`eval "$H ${command}" > /dev/full`);
    expect(stderr).toMatch(/^habsburg: writing the output: the disk is full.*\n$/);
    expect(status).toBe(6);
  },
);

test('a reader that has seen enough is no error', () => {
  const { stdout, stderr } = shell('{ eval "$H metrics --json"; echo "code $?" >&2; } | head -c 10');
  expect(stdout).toHaveLength(10);
  expect(stderr).toBe('code 0\n');
});

test('an error is told where stderr is closed, too: by its exit code', () => {
  expect(shell('eval "$H validate nope.yaml" 2>&- >&-').status).toBe(4);
});

test('a hang-up ends nothing that has no terminal', async () => {
  const program = `import('${new URL('../../dist/cli/interrupt.js', import.meta.url).href}').then(({ surviveHangup }) => { surviveHangup(); console.log('up'); setInterval(() => {}, 1000); })`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
  await new Promise((resolve) => child.stdout.once('data', resolve));
  child.kill('SIGHUP');
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(child.exitCode ?? child.signalCode).toBeNull();
  child.kill('SIGTERM');
  expect(await ended).toBe('SIGTERM');
});
