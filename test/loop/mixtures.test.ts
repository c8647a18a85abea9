/** Every mixture through the loop: what each generation's training set is made of, on texts and on images. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openArtifactStore } from '../../artifacts/open.js';
import type { ArtifactStore } from '../../artifacts/types.js';
import { IMAGES_FILE } from '../../pool/images.js';
import { RECORDS_FILE, readHeads, type RecordHead } from '../../pool/records.js';
import { readResults } from '../../report/rows.js';
import type { RunOutcome } from './support.js';
import { bars, habsburg, json, recordsIn, temporaryFolder } from './support.js';

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

let home: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  home = await temporaryFolder('loop-mixtures');
});
afterAll(() => home.remove());

const run = (experiment: string, store: string): string[] => [
  'run', experiment, '--home', join(home.path, 'home'), '--store', join(home.path, store),
]; // prettier-ignore

/** The heads of a run's artifacts: [generation][role]. */
async function setsOf(store: ArtifactStore, experiment: string, condition: string, member: string) {
  const index = (await readResults(store, experiment)).runs.find(({ run }) => run === `${condition}/seed-1`)!;
  const sets: Record<'dataset' | 'generated', RecordHead[]>[] = [];
  for (const { members } of index.generations) {
    const heads = async (role: 'dataset' | 'generated'): Promise<RecordHead[]> => {
      const folder = await recordsIn(store, members![member][role]!, join(home.path, 'sets'));
      const found: RecordHead[] = [];
      for await (const head of readHeads(join(folder, RECORDS_FILE))) found.push(head);
      return found;
    };
    sets.push({ dataset: await heads('dataset'), generated: await heads('generated') });
  }
  return sets;
}

const from = (records: readonly RecordHead[], generation: number): number =>
  records.filter(({ origin }) => (origin.kind === 'real' ? -1 : origin.generation) === generation).length;
/** how many are real, of model 0, of model 1 … */
const composition = (records: readonly RecordHead[], t: number): number[] =>
  Array.from({ length: t + 1 }, (_, i) => from(records, i - 1));

describe('texts', () => {
  test('runs all of them, as many steps as the plan says', async () => {
    const plan = await json<{ outline: { totals: { computed: number; steps: number } } }>(['plan', file('./mixtures.yaml')]);
    const outcome = await json<RunOutcome>(run(file('./mixtures.yaml'), 'texts'));
    const { totals } = plan.outline;
    expect(outcome.result).toMatchObject({ failed: 0, generations: 3, runs: 10 });
    // prepare is one step of the plan, and each of the ten runs asks for it; accumulate and fixed-real train generation 1 on the
    // same set, which only the selection tells: three steps fewer; weights and growing let model 0 write more, which changes neither
    // its perplexity nor the first texts: the scores of generation 0 are found, twice. Where all count a half, models are as where all
    // count one: nobody writes with them and scores them again, in three generations
    const computed = totals.computed - 5 - 3 * 2;
    expect(outcome.result.steps).toEqual({ computed, reused: totals.steps + 9 - computed });
  }, 600_000);

  test.each<[string, number[][]]>([
    ['replace', [[24], [0, 24], [0, 0, 24], [0, 0, 0, 24]]],
    ['keep-share', [[24], [6, 18], [6, 0, 18], [6, 0, 0, 18]]],
    ['accumulate', [[24], [24, 24], [24, 24, 24], [24, 24, 24, 24]]],
    ['fresh', [[24], [12, 12], [12, 0, 12], [12, 0, 0, 12]]],
    ['fixed-real', [[24], [24, 24], [24, 0, 24], [24, 0, 0, 24]]],
    ['growing', [[24], [24, 48], [24, 48, 72], [24, 48, 72, 96]]],
    ['heavy', [[24], [24, 24], [24, 0, 24], [24, 0, 0, 24]]],
  ])('%s', async (condition, expected) => {
    const sets = await setsOf(openArtifactStore(join(home.path, 'texts')), 'tiny-mixtures', condition, 'opt');
    expect(sets.map(({ dataset }, t) => composition(dataset, t))).toEqual(expected);
    for (const { dataset } of sets) expect(new Set(dataset.map(({ id }) => id)).size).toBe(dataset.length);
  });

  test('what records count for changes models only where it differs', async () => {
    const { runs } = await readResults(openArtifactStore(join(home.path, 'texts')), 'tiny-mixtures');
    const models = (name: string) => runs.find(({ condition }) => condition === name)!.generations.map(({ members }) => members.opt.model!.digest); // prettier-ignore
    const [plain, alike, heavy] = ['fixed-real', 'weighted', 'heavy'].map(models);
    expect(alike).toEqual(plain);
    expect(heavy.map((digest, t) => digest === plain[t])).toEqual([true, false, false, false]);
  });

  test('accumulate-subsample and weights have a generation of records, from where they may come', async () => {
    const store = openArtifactStore(join(home.path, 'texts'));
    for (const [condition, back] of [
      ['accumulate-subsample', 3],
      ['weights', 2],
    ] as const) {
      // prettier-ignore
      const sets = await setsOf(store, 'tiny-mixtures', condition, 'opt');
      sets.forEach(({ dataset }, t) => {
        expect(dataset).toHaveLength(24);
        for (const { origin } of dataset)
          if (origin.kind === 'generated') expect(t - origin.generation).toBeLessThanOrEqual(back);
      });
    }
  });

  test('the first set is the same under every condition; fresh records are none of it, nor of each other', async () => {
    const store = openArtifactStore(join(home.path, 'texts'));
    const [replace, fresh] = [
      await setsOf(store, 'tiny-mixtures', 'replace', 'opt'),
      await setsOf(store, 'tiny-mixtures', 'fresh', 'opt'),
    ];
    expect(fresh[0].dataset).toEqual(replace[0].dataset);
    const real = fresh.flatMap(({ dataset }) => dataset.filter(({ origin }) => origin.kind === 'real').map(({ id }) => id));
    expect(real).toHaveLength(24 + 3 * 12);
    expect(new Set(real).size).toBe(real.length);
  });

  test('prompts: previous continues the training set, of a growing one what is newest', async () => {
    const store = openArtifactStore(join(home.path, 'texts'));
    const promptsOf = (records: readonly RecordHead[]) =>
      records.map(({ origin }) => (origin.kind === 'generated' ? origin.prompt : undefined));
    const ids = (records: readonly RecordHead[]) => records.map(({ id }) => id);
    const replace = await setsOf(store, 'tiny-mixtures', 'keep-share', 'opt');
    for (const { dataset, generated } of replace) expect(promptsOf(generated)).toEqual(ids(dataset));
    const accumulate = await setsOf(store, 'tiny-mixtures', 'accumulate', 'opt');
    expect(promptsOf(accumulate[2].generated)).toEqual(ids(accumulate[1].generated));
    // original prompts go round: 48 records continue 24
    const growing = await setsOf(store, 'tiny-mixtures', 'growing', 'opt');
    const first = ids(growing[0].dataset);
    expect(promptsOf(growing[0].generated)).toEqual([...first, ...first]);
    expect(new Set(ids(growing[0].generated)).size).toBe(48);
  });

  test('data that do not suffice are said to, in one sentence and before anything runs', async () => {
    const { code, stderr } = await habsburg([
      ...run(file('./mixtures.yaml'), 'short'), '--set', 'name=short', '--set', 'population.opt.sample=90',
      '--set', 'conditions=[{name: fresh, mixture: {kind: fresh, share: 0.5}}]',
    ]); // prettier-ignore
    expect(code).not.toBe(0);
    expect(stderr).toMatch(
      /conditions\.0\.mixture\.kind: generations 0 to 3 take 225 real records, none of them twice, and data\.train has 96 at most; lower the member’s sample, or raise data\.limit\.train\n/,
    );
  }, 600_000);
});

describe('images', () => {
  test('accumulate and fresh', async () => {
    const experiment = join(home.path, 'images.yaml');
    const yaml = (await readFile(file('./vae.yaml'), 'utf8'))
      .replace('name: tiny-vae', 'name: image-mixtures')
      .replace('epochs: 6', 'epochs: 1')
      .replace('    decoding: { batch: 32 }', '    decoding: { batch: 32 }\n    sample: 50')
      .replace(/conditions:[^]*?execution/, 'conditions:\n  - { name: accumulate, mixture: { kind: accumulate } }\n  - { name: fresh, mixture: { kind: fresh, share: 0.4 } }\nexecution'); // prettier-ignore
    await writeFile(experiment, yaml);
    await writeFile(join(home.path, 'images.gz'), gzipSync(bars(200)));
    await json<RunOutcome>(run(experiment, 'images'));
    const store = openArtifactStore(join(home.path, 'images'));
    const accumulate = await setsOf(store, 'image-mixtures', 'accumulate', 'vae');
    expect(accumulate.map(({ dataset }, t) => composition(dataset, t))).toEqual([[50], [50, 50], [50, 50, 50]]);
    const fresh = await setsOf(store, 'image-mixtures', 'fresh', 'vae');
    expect(fresh.map(({ dataset }, t) => composition(dataset, t))).toEqual([[50], [20, 30], [20, 0, 30]]);
    const { runs } = await readResults(store, 'image-mixtures');
    const { digest } = runs.find(({ run }) => run === 'accumulate/seed-1')!.generations[2].members.vae.dataset!;
    expect((await readFile(join(home.path, 'sets', digest.slice(7), IMAGES_FILE))).readUInt32BE(4)).toBe(150);
  }, 600_000);
});
