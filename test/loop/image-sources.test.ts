/** Terms that read other real images than data.train, and weigh them in the loss, through the real server. */
import { readFile, rename, writeFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openArtifactStore } from '../../artifacts/open.js';
import { readWeights } from '../../pool/selection.js';
import { readImageRecords } from '../../pool/images.js';
import { readResults } from '../../report/rows.js';
import { bars, habsburg, json, recordsIn, temporaryFolder, type RunOutcome } from './support.js';

const YAML = `schemaVersion: 1
name: more-images
seeds: [1]
generations: 1
data: { train: file:images.gz, limit: { train: 64, valid: 16, test: 16 } }
population:
  - name: vae
    family: vae
    base: { kind: scratch, architecture: { kind: dense, latent: 2, hidden: [8] } }
    training: { epochs: 1, batch: 16, learningRate: 5e-3 }
conditions:
  - { name: whole, mixture: [{ from: file:others.gz }, { from: self }] }
  - { name: half, mixture: [{ from: file:others.gz, take: { share: 0.5 }, lossWeight: 2 }, { from: self, take: { share: 0.5 } }] }
  - { name: plain, mixture: [{ from: file:others.gz, take: { share: 0.5 } }, { from: self, take: { share: 0.5 } }] }
execution: { concurrency: 2 }
`;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder('image-sources');
});
afterAll(() => folder.remove());

test('a term reads the images of a file, whole and by share, weighted; where it lies is no part of any key', async () => {
  const here = join(folder.path, 'here');
  await mkdir(here);
  await writeFile(join(here, 'e.yaml'), YAML);
  await writeFile(join(here, 'images.gz'), gzipSync(bars(120)));
  // the first 40 bars, black for white
  const others = Buffer.from(bars(40));
  for (let i = 16; i < others.length; i++) others[i] = 255 - others[i];
  await writeFile(join(here, 'others.gz'), gzipSync(others));
  const store = join(folder.path, 'store');
  const run = (at: string) => ['run', join(at, 'e.yaml'), '--home', join(folder.path, 'home'), '--store', store];
  const { result } = await json<RunOutcome>(run(here));
  // prepare and view once; 3 steps of generation 0, which all have in common, and 4 of the next
  expect(result).toMatchObject({ failed: 0, runs: 3, steps: { computed: 1 + 1 + 3 + 3 * 4 } });

  const artifacts = openArtifactStore(store);
  const models = new Set<string>();
  for (const { condition, generations } of (await readResults(artifacts, 'more-images')).runs) {
    const { dataset, model } = generations[1].members.vae;
    models.add(model!.digest);
    const at = await recordsIn(artifacts, dataset!, join(folder.path, 'sets'));
    const records = await readImageRecords(at);
    const real = records.filter(({ origin }) => origin.kind === 'real');
    expect([condition, real.length, records.length]).toEqual(condition === 'whole' ? ['whole', 40, 104] : [condition, 32, 64]);
    for (const { id, origin, pixels } of real) {
      expect(origin).toEqual({ kind: 'real', source: expect.stringMatching(/^idx:40x16x16:sha256:[0-9a-f]{64}$/) });
      const position = Number(id.slice('source/'.length));
      expect(Buffer.from(pixels)).toEqual(others.subarray(16 + position * 256, 16 + (position + 1) * 256));
    }
    const weights = await readWeights(at);
    expect(weights && [...weights]).toEqual(condition === 'half' ? records.map(({ origin }) => (origin.kind === 'real' ? 2 : 1)) : undefined); // prettier-ignore
  }
  expect(models.size).toBe(3);

  const there = join(folder.path, 'there');
  await rename(here, there);
  await rename(join(there, 'others.gz'), join(there, 'strangers.gz'));
  await writeFile(join(there, 'e.yaml'), (await readFile(join(there, 'e.yaml'), 'utf8')).replaceAll('others', 'strangers'));
  expect((await json<RunOutcome>(run(there))).result.steps.computed).toBe(0);

  const shown = await habsburg(['plan', join(there, 'e.yaml')]);
  expect(shown.stdout).toMatch(/strangers\.gz/);
  // images of another size, and a file that is not there, are told with their line before anything starts
  const narrow = Buffer.from(bars(40));
  narrow.writeInt32BE(20, 4);
  narrow.writeInt32BE(32, 8);
  await writeFile(join(there, 'strangers.gz'), gzipSync(narrow));
  const validate = async () => (await habsburg(['validate', join(there, 'e.yaml')])).stdout;
  expect(await validate()).toMatch(/e\.yaml:12:\d+: conditions\.0\.mixture\.0\.from: .*strangers\.gz has images of 32 x 16 pixels, data\.train of 16 x 16; give the term images of one size/); // prettier-ignore
  await rename(join(there, 'strangers.gz'), join(there, 'gone.gz'));
  expect(await validate()).toMatch(/e\.yaml:12:\d+: conditions\.0\.mixture\.0\.from: .*strangers\.gz/);
}, 600_000);
