/** Crash equivalence: `kill -9` of engine, workers and Temporal server at random moments leaves the digests of an undisturbed run. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CounterRng } from '../../common/philox.js';
import { storm } from './storm.js';
import type { RunOutcome } from './support.js';
import { TINY, json, start, stepsOf, temporaryFolder } from './support.js';

const KILLS = 12;
/** the experiment is made long enough that the kills hit work: about half a minute undisturbed */
const LONGER = [
  '--set',
  'generations=3',
  '--set',
  'population.0.training.epochs=12',
  '--set',
  'population.0.generation0.epochs=12',
];

/** Of the command itself, in the first seconds of a new home. */
const EARLY_KILLS = 5;
const EARLY_MS = 4_000;
const seed = Number(process.env.HABSBURG_TEST_SEED ?? Date.now() % 1e9);

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder('crash');
});
afterAll(() => folder.remove());

const calmStore = () => join(folder.path, 'calm-store');
let calm: RunOutcome;

test(`${KILLS} kills, the same digests`, async () => {
  const stormStore = join(folder.path, 'storm-store');
  const began = performance.now();
  calm = await json<RunOutcome>(['run', TINY, ...LONGER, '--home', join(folder.path, 'calm'), '--store', calmStore()]);
  const took = performance.now() - began;
  expect(calm.result.failed).toBe(0);

  const home = join(folder.path, 'storm');
  const running = start(['run', TINY, ...LONGER, '--home', home, '--store', stormStore, '--json']);
  const { code, stdout, stderr, killed } = await storm(running, home, KILLS, seed, took);
  if (code !== 0) throw new Error(`seed ${seed}: exit ${code} after killing ${killed.join(', ')}\n${stderr}`);
  expect(killed).toHaveLength(KILLS);
  expect(new Set(killed)).toEqual(new Set(['engine', 'cpu', 'temporal', 'workflow']));

  expect(await stepsOf(stormStore)).toEqual(await stepsOf(calmStore()));
  const rows = (JSON.parse(stdout.trim().split('\n').at(-1)!) as RunOutcome).rows;
  expect(rows).toEqual(calm.rows);
}, 900_000);

test(`the command killed ${EARLY_KILLS} times in the first seconds of a new home, the same digests`, async () => {
  const rng = new CounterRng({ seed, generation: 0, member: 'test', step: 'early' });
  const home = join(folder.path, 'early');
  const store = join(folder.path, 'early-store');
  const again = () => start(['run', TINY, ...LONGER, '--home', home, '--store', store, '--json']);
  for (let kill = 0; kill < EARLY_KILLS; kill++) {
    const running = again();
    await sleep(rng.uniform(kill) * EARLY_MS);
    if (kill % 2 === 1) {
      running.kill('SIGSTOP'); // others see that it stands still before it is gone
      await sleep(500);
    }
    running.kill('SIGKILL');
    await running.finished;
  }
  const { code, stdout, stderr } = await again().finished;
  if (code !== 0) throw new Error(`seed ${seed}: exit ${code}\n${stderr}`);
  expect(await stepsOf(store)).toEqual(await stepsOf(calmStore()));
  expect((JSON.parse(stdout.trim().split('\n').at(-1)!) as RunOutcome).rows).toEqual(calm.rows);
}, 900_000);
