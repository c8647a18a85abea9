/** Cheap members that learn from each other, by the command line: one run, a series of each, taken up where it ended. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunOutcome } from './support.js';
import { habsburg, json, temporaryFolder } from './support.js';

const RING = `schemaVersion: 1
name: ring
seeds: { from: 1, count: 300 }
generations: 12
population:
  - { name: left, family: gaussian, sample: 40, mixture: [{ from: self, take: { share: 0.5 } }, { from: right, take: { share: 0.5 } }] }
  - { name: alone, family: gaussian, sample: 40, mixture: { kind: replace } }
  - { name: right, family: gaussian, sample: 40, mixture: [{ from: left, generation: current }, { from: real }] }
conditions: [{ name: ring }]
`;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let file: string;
const run = (store: string, ...more: string[]) =>
  json<RunOutcome>(['run', file, '--home', join(folder.path, 'home'), '--store', join(folder.path, store), ...more]);

beforeAll(async () => {
  folder = await temporaryFolder('tied');
  file = join(folder.path, 'ring.yaml');
  await writeFile(file, RING);
});
afterAll(() => folder.remove());

test('members that learn from each other run together, and follow their laws', async () => {
  const first = await run('store');
  // blocks of 250 and 50 seeds, of the pair and of the one alone
  expect(first.result).toMatchObject({ failed: 0, runs: 4, steps: { computed: 4, reused: 0 } });
  const values = (rows: RunOutcome['rows'], name: string, t: number) =>
    rows.filter(({ member, metric, generation }) => member === name && metric === 'variance' && generation === t).map(({ value }) => value); // prettier-ignore
  for (const name of ['left', 'alone', 'right']) expect(new Set(values(first.rows, name, 12)).size).toBe(300);
  expect((await run('store')).result.steps).toEqual({ computed: 0, reused: 4 });
  const { stdout } = await habsburg(['results', 'ring', '--store', join(folder.path, 'store')]);
  expect(stdout).toMatch(/9 of 9 exact laws hold at 99 % confidence/);
  // an experiment that ends in the middle of a step does it again in full
  const short = await run('other', '--set', 'generations=5');
  expect(values(short.rows, 'left', 5)).toEqual(values(first.rows, 'left', 5));
  const longer = await run('other');
  expect(longer.result.steps).toEqual({ computed: 4, reused: 0 });
  expect(longer.rows.map(({ value }) => value)).toEqual(first.rows.map(({ value }) => value));
}, 600_000);
