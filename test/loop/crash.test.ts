/** Crash equivalence: `kill -9` of engine, workers and Temporal server at random moments leaves the digests of an undisturbed run. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { join } from 'node:path';
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

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder('crash');
});
afterAll(() => folder.remove());

test(`${KILLS} kills, the same digests`, async () => {
  const seed = Number(process.env.HABSBURG_TEST_SEED ?? Date.now() % 1e9);
  const calmStore = join(folder.path, 'calm-store');
  const stormStore = join(folder.path, 'storm-store');
  const calm = await json<RunOutcome>(['run', TINY, ...LONGER, '--home', join(folder.path, 'calm'), '--store', calmStore]);
  expect(calm.result.failed).toBe(0);

  const home = join(folder.path, 'storm');
  const running = start(['run', TINY, ...LONGER, '--home', home, '--store', stormStore, '--json']);
  const { code, stdout, stderr, killed } = await storm(running, home, KILLS, seed);
  if (code !== 0) throw new Error(`seed ${seed}: exit ${code} after killing ${killed.join(', ')}\n${stderr}`);
  expect(killed).toHaveLength(KILLS);
  expect(new Set(killed)).toEqual(new Set(['engine', 'cpu', 'temporal', 'workflow']));

  expect(await stepsOf(stormStore)).toEqual(await stepsOf(calmStore));
  const rows = (JSON.parse(stdout.trim().split('\n').at(-1)!) as RunOutcome).rows;
  expect(rows).toEqual(calm.rows);
}, 900_000);
