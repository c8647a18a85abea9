/** Cheap models by the command line: blocks of chains as steps, memo, extension, more seeds, and ten kills. Real server, real store. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { storm } from './storm.js';
import type { RunOutcome } from './support.js';
import { habsburg, json, start, stepsOf, temporaryFolder } from './support.js';

const CHAINS = fileURLToPath(new URL('./chains.yaml', import.meta.url));
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let store: string;
const run = (...more: string[]) =>
  json<RunOutcome>(['run', CHAINS, '--home', join(folder.path, 'home'), '--store', store, ...more]);

beforeAll(async () => {
  folder = await temporaryFolder('chains');
  store = join(folder.path, 'store');
});
afterAll(() => folder.remove());

describe('chains of cheap models', () => {
  let first: RunOutcome;

  test('run in steps of many seeds and generations', async () => {
    first = await run();
    expect(first.result).toMatchObject({ failed: 0, runs: 4, steps: { computed: 8, reused: 0 } });
    const variances = first.rows.filter(({ metric }) => metric === 'variance');
    // every generation to 50, then tens; 99 and 130 end a step
    expect(variances).toHaveLength(2 * 30 * (51 + 8 + 1));
    for (const { value } of variances) expect(value).toBeGreaterThan(0);
  }, 600_000);

  test('again: nothing; more generations: only the step that was cut short; more seeds: only theirs', async () => {
    expect((await run()).result.steps).toEqual({ computed: 0, reused: 8 });
    const before = await stepsOf(store);
    const longer = await run('--set', 'generations=199');
    expect(longer.result.steps).toEqual({ computed: 4, reused: 4 });
    const at = (rows: RunOutcome['rows'], t: number) =>
      rows.filter(({ generation, metric }) => generation === t && metric === 'variance').map(({ value }) => value);
    expect(at(longer.rows, 120)).toEqual(at(first.rows, 120));
    const wider = await run('--set', 'seeds={from: 1, count: 60}');
    // the block of 26 … 30 becomes one of 26 … 50, and there is a third
    expect(wider.result.steps).toEqual({ computed: 8, reused: 4 });
    for (const [key, step] of before) expect((await stepsOf(store)).get(key)).toEqual(step);
  }, 600_000);

  test('continued as new after every few events, the steps are the same', async () => {
    const other = join(folder.path, 'store-new');
    await json([
      'run',
      CHAINS,
      '--home',
      join(folder.path, 'home'),
      '--store',
      other,
      '--set',
      'name=chains-new',
      '--event-limit',
      '10',
    ]);
    const all = await stepsOf(store);
    for (const [key, step] of await stepsOf(other)) expect(all.get(key)).toEqual(step);
  }, 600_000);

  test('results and report hold them against the laws', async () => {
    const { stdout } = await habsburg(['results', 'chains', '--store', store]);
    expect(stdout).toMatch(/2 of 4 exact laws hold at 99 % confidence; 2 cannot be tested with so few seeds/);
    expect(stdout).toMatch(/pass {2}keep, variance: inside the 99 % interval/);
    expect(stdout).toMatch(/open {2}keep, squared-error: not testable: 60 seeds are too few/);
  });
});

test('a chain of 10,000 generations, killed ten times, leaves the digests of an undisturbed one', async () => {
  const file = join(folder.path, 'long.yaml');
  await writeFile(
    file,
    `schemaVersion: 1
name: long
seeds: [7]
generations: 9999
population: [{ name: normal, family: gaussian, sample: 8000 }]
conditions: [{ name: replace, mixture: { kind: replace } }]
execution: { checkpointSeconds: 0.2 }
`,
  );
  const [calmStore, stormStore] = [join(folder.path, 'calm-store'), join(folder.path, 'storm-store')];
  const began = performance.now();
  const calm = await json<RunOutcome>(['run', file, '--home', join(folder.path, 'calm'), '--store', calmStore]);
  const took = performance.now() - began;
  expect(calm.result.steps).toEqual({ computed: 10, reused: 0 });
  const home = join(folder.path, 'storm');
  const seed = Number(process.env.HABSBURG_TEST_SEED ?? Date.now() % 1e9);
  const { code, stdout, stderr, killed } = await storm(
    start(['run', file, '--home', home, '--store', stormStore, '--json']),
    home,
    10,
    seed,
    took,
  );
  if (code !== 0) throw new Error(`seed ${seed}: exit ${code} after killing ${killed.join(', ')}\n${stderr}`);
  expect(killed).toHaveLength(10);
  expect(await stepsOf(stormStore)).toEqual(await stepsOf(calmStore));
  expect((JSON.parse(stdout.trim().split('\n').at(-1)!) as RunOutcome).rows).toEqual(calm.rows);
}, 900_000);
