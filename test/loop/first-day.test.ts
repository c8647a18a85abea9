/** A first day, written down from the documentation alone: each command answers truly, with a server up and without one. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { habsburg as run, start as begin, temporaryFolder, type Running } from './support.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (name: string) => join(folder.path, name);
const HOME = () => ['--home', at('home')];
const STORE = () => ['--store', at('store')];
const habsburg = (...words: string[]) => run([...words, ...HOME()]);
const start = (...words: string[]): Running => begin([...words, ...HOME(), ...STORE()]);
const statusOf = async (name: string): Promise<string> => {
  const { stdout, stderr, code } = await habsburg('status', name, '--json');
  if (code !== 0) throw new Error(stderr);
  return (JSON.parse(stdout) as { status: string }).status;
};
async function until(done: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 120_000; !(await done().catch(() => false)); await sleep(200))
    if (Date.now() > deadline) throw new Error(`never: ${String(done)}`);
}

const FILE = `schemaVersion: 1
name: mine
seeds: [1, 2]
generations: 5
population: [{ name: normal, family: gaussian, sample: 50 }]
conditions: [{ name: replace, mixture: { kind: replace } }]
`;
/** twenty steps of some hundred milliseconds */
const LONG = FILE.replace('mine', 'long')
  .replace('[1, 2]', '[7]')
  .replace('generations: 5', 'generations: 19999')
  .replace('50', '8000');

beforeAll(async () => {
  folder = await temporaryFolder('first-day');
});
afterAll(() => folder.remove());

test('five mistakes are five sentences, each with its place', async () => {
  await writeFile(
    at('mine.yaml'),
    FILE.replace('seeds', 'seedz')
      .replace('generations: 5', 'generations: many')
      .replace('gaussian', 'gausian')
      .replace('kind: replace', 'kind: replce') + 'conditoins: []\n',
  );
  const { code, stdout } = await run(['validate', at('mine.yaml')]);
  expect(code).toBe(2);
  for (const [line, word] of [
    [3, 'seeds'],
    [4, 'generations'],
    [5, 'gaussian'],
    [7, 'conditions'],
  ])
    expect(stdout).toMatch(new RegExp(`mine\\.yaml:${line}:\\d+: .*${word}`));
  await writeFile(at('mine.yaml'), FILE);
  expect((await run(['validate', at('mine.yaml'), '--quiet'])).code).toBe(0);
});

test('before anything has run, that is what is said', async () => {
  expect((await habsburg('status')).stdout).toMatch(/^Nothing has run in .*home yet/);
  expect(await habsburg('pause', 'mine')).toMatchObject({
    code: 4,
    stderr: expect.stringMatching(/nothing has run in .* there is no mine/),
  });
  const detached = await habsburg('run', at('mine.yaml'), '--detach');
  expect(detached).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/--detach needs a server and workers that stay.*habsburg dev/),
  });
  expect(existsSync(at('home'))).toBe(false); // nothing was started
}, 600_000);

test('run, add a seed, ask a finished one for more', async () => {
  const first = await habsburg('run', at('mine.yaml'), ...STORE());
  expect(first).toMatchObject({ code: 0, stderr: expect.stringMatching(/mine: started, 1 run; artifacts go to/) });
  expect(first.stdout + first.stderr).not.toContain('\x1b');
  expect(await statusOf('mine')).toBe('done');

  expect((await habsburg('run', at('mine.yaml'), ...STORE(), '--set', 'seeds=1..3', '--quiet')).code).toBe(0);
  const { stdout } = await run(['results', 'mine', ...STORE(), '--json']);
  expect((JSON.parse(stdout) as { schema: string; runs: unknown[] }).schema).toBe('habsburg.results/v1');

  const extended = await habsburg('extend', 'mine', '--generations', '8');
  expect(extended).toMatchObject({
    code: 4,
    stderr: expect.stringMatching(/mine finished .*; habsburg run .*mine\.yaml .*--set generations=8 goes on/),
  });
  expect((await habsburg('cancel', 'mine')).stderr).toMatch(/nothing to cancel: mine finished/);
  expect((await habsburg('status', 'mien')).stderr).toMatch(/no experiment mien has run here; did you mean mine\?/);
}, 600_000);

test('pause, resume, extend, stop, go on: with the server of a run and without', async () => {
  await writeFile(at('long.yaml'), LONG);
  const first = start('run', at('long.yaml'));
  await until(async () => (await statusOf('long')) === 'running');
  expect((await habsburg('pause', 'long')).code).toBe(0);
  expect(await statusOf('long')).toBe('paused');
  expect((await habsburg('extend', 'long', '--generations', '20999')).stdout).toMatch(/long now goes to generation 20999\n/);
  first.kill('SIGINT');
  expect(await first.finished).toMatchObject({ code: 130, stderr: expect.stringMatching(/the same command goes on from here/) });

  expect(await statusOf('long')).toBe('stopped');
  expect((await habsburg('status')).stdout).toMatch(/long +stopped/);
  expect((await habsburg('pause', 'long')).stderr).toMatch(/long is paused already/);
  expect((await habsburg('resume', 'long')).stdout).toMatch(/no longer paused; habsburg run .*long\.yaml.* goes on with it/);
  expect((await habsburg('extend', 'long', '--generations', '21999')).stdout).toMatch(/to generation 21999; habsburg run/);
  expect((await habsburg('watch', 'long')).code).toBe(5);
  expect((await habsburg('run', at('long.yaml'), ...STORE(), '--set', 'seeds=8')).stderr).toMatch(
    /other settings \(seeds\) and has not ended/,
  );
}, 600_000);

test('the equal file follows, a hang-up is nothing, kill -9 loses nothing, cancel is told', async () => {
  const second = start('run', at('long.yaml'));
  await until(async () => (await statusOf('long')) === 'running');
  second.kill('SIGHUP');
  await sleep(500);
  expect(await statusOf('long')).toBe('running');
  second.kill('SIGKILL');
  const { stderr } = await second.finished;
  expect(stderr).toMatch(/goes on where it was, to generation 21999 as it was extended/);
  await until(async () => (await statusOf('long')) === 'stopped');

  const cancelled = await habsburg('cancel', 'long');
  expect(cancelled).toMatchObject({ code: 0, stdout: expect.stringMatching(/^long is cancelled; .*habsburg run/) });
  expect(await statusOf('long')).toBe('cancelled');
  expect((await habsburg('resume', 'long')).stderr).toMatch(
    /nothing to resume: long was cancelled (just now|a minute ago|\d+ minutes ago); .*habsburg run .*long\.yaml/,
  );
}, 600_000);

test('detached to a server that stays, ended by force, gone on from what is finished', async () => {
  await writeFile(at('long.yaml'), LONG);
  const dev = begin(['dev', ...HOME()]);
  await until(
    async () => (await habsburg('run', at('long.yaml'), ...STORE(), '--detach', '--set', 'generations=99999')).code === 0,
  );
  expect(await statusOf('long')).toBe('running');
  expect((await habsburg('cancel', 'long', '--force')).stdout).toMatch(/^long was ended by force/);
  expect(await statusOf('long')).toBe('terminated');
  expect((await habsburg('run', at('long.yaml'), ...STORE(), '--detach', '--set', 'generations=4999', '--json')).stdout).toMatch(
    /"status":"running"/,
  );
  expect((await habsburg('watch', 'long', '--quiet')).stdout).toMatch(/^long finished just now: 1 run to generation 4999/);
  dev.kill('SIGINT');
  expect((await dev.finished).code).toBe(0);
  const { stdout } = await run(['results', 'long', ...STORE(), '--metric', 'variance', '--format', 'csv']);
  expect(stdout).toMatch(/^[^\n]*generation/);
  // another folder has no server that remembers it; the store does
  const elsewhere = await run(['status', 'long', '--home', at('elsewhere'), ...STORE()]);
  expect(elsewhere).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/the store .* has 1 of 1 run done to generation 4999/),
  });
}, 600_000);
