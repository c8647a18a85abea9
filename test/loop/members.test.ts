/** Two models in one run, the second taught by the first, through `kill -9`: who wrote what, and the same digests. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openArtifactStore } from '../../artifacts/open.js';
import type { ArtifactRef, ArtifactStore } from '../../artifacts/types.js';
import { readAllRecords, type DataRecord } from '../../pool/records.js';
import { readResults } from '../../report/rows.js';
import { storm } from './storm.js';
import { json, recordsIn, start, stepsOf, temporaryFolder, type RunOutcome } from './support.js';

const FILE = fileURLToPath(new URL('./members.yaml', import.meta.url));

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder('members');
});
afterAll(() => folder.remove());

const run = (home: string, store: string): string[] => [
  'run', FILE, '--home', join(folder.path, home), '--store', join(folder.path, store),
]; // prettier-ignore

const recordsOf = async (store: ArtifactStore, ref: ArtifactRef): Promise<DataRecord[]> =>
  readAllRecords(await recordsIn(store, ref, join(folder.path, 'sets')));

test('a storm of kills leaves what a calm run leaves, and every record says who wrote it', async () => {
  const calm = await json<RunOutcome>(run('calm', 'calm-store'));
  expect(calm.result).toMatchObject({ failed: 0, runs: 2, generations: 3 });
  // a prepare for each tokenizer; of each seed: 3 steps of generation 0 and 4 of the later ones, a view in each of the latter
  expect(calm.result.steps).toEqual({ computed: 2 + 2 * (2 * 3 + 3 * (2 * 4 + 1)), reused: 2 });
  expect(new Set(calm.rows.map(({ generation }) => generation))).toEqual(new Set([0, 1, 2, 3]));

  const store = openArtifactStore(join(folder.path, 'calm-store'));
  const { runs } = await readResults(store, 'tiny-members');
  for (const { generations } of runs)
    for (const { generation: t, members } of generations.slice(1)) {
      const written = await recordsOf(store, members.opt.generated!);
      const train = await recordsOf(store, members.llama.dataset!);
      const [real, taught] = [
        train.filter(({ origin }) => origin.kind === 'real'),
        train.filter(({ origin }) => origin.kind !== 'real'),
      ];
      expect([real.length, taught.length]).toEqual([48, 48]);
      const ids = written.map(({ id }) => id);
      for (const { id, origin, tokens } of taught) {
        expect(origin).toMatchObject({ kind: 'generated', member: 'opt', generation: t, model: members.opt.model!.digest });
        const [from, to] = (origin as { records: readonly [string, string] }).records.map((name) => ids.indexOf(name));
        expect([from >= 0, to >= from, id.startsWith(`g${t}/opt/read/`), tokens.length]).toEqual([true, true, true, 16]);
      }
      for (const { origin } of await recordsOf(store, members.llama.generated!))
        expect(origin).toMatchObject({ kind: 'generated', member: 'llama', generation: t, model: members.llama.model!.digest });
      const tokenizer = async (ref: ArtifactRef | undefined) => (await store.manifest(ref!.digest)).facts.tokenizer;
      expect(await tokenizer(members.opt.generated)).not.toBe(await tokenizer(members.llama.generated));
    }

  const seed = Number(process.env.HABSBURG_TEST_SEED ?? Date.now() % 1e9);
  const running = start([...run('storm', 'storm-store'), '--json']);
  const { code, stdout, stderr, killed } = await storm(running, join(folder.path, 'storm'), 6, seed);
  if (code !== 0) throw new Error(`seed ${seed}: exit ${code} after killing ${killed.join(', ')}\n${stderr}`);
  expect(killed.length).toBeGreaterThan(2);
  expect(await stepsOf(join(folder.path, 'storm-store'))).toEqual(await stepsOf(join(folder.path, 'calm-store')));
  expect((JSON.parse(stdout.trim().split('\n').at(-1)!) as RunOutcome).rows).toEqual(calm.rows);
}, 900_000);
