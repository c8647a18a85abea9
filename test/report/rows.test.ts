import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { documentName } from '../../spec/documents.js';
import { openArtifactStore } from '../../artifacts/open.js';
import type { ArtifactStore } from '../../artifacts/types.js';
import { listExperiments } from '../../documents/plans.js';
import { readResults } from '../../report/rows.js';
import { makeFixture, publishFixture } from './fixture.js';

describe('readResults', () => {
  let folder: string;
  let store: ArtifactStore;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'habsburg-rows-'));
    store = openArtifactStore(folder);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test('gives every score of every run, in the plan’s order', async () => {
    const fixture = makeFixture({ seeds: [10, 2], generations: 3, conditions: ['zeta', 'alpha'] });
    await publishFixture(store, fixture);
    const results = await readResults(store, 'nature-small');
    expect(results.runs.map(({ run }) => run)).toEqual(['zeta/seed-2', 'zeta/seed-10', 'alpha/seed-2', 'alpha/seed-10']);
    const expected = results.runs.flatMap(({ run, condition, seed }) =>
      fixture.scores
        .get(run)!
        .flatMap(({ values }, generation) =>
          values.map((value) => ({ experiment: 'nature-small', run, condition, seed, member: 'opt', generation, ...value })),
        ),
    );
    expect([...results.rows]).toEqual(expected);
    expect(results.plan).toEqual(fixture.plan);
    expect(results.histograms).toHaveLength(16);
    expect(results.samples).toHaveLength(32);
  });

  test('a run under way shows what it has', async () => {
    await publishFixture(store, makeFixture({ seeds: [1], generations: 2 }), (run) => {
      const [first, second, last] = run.generations;
      const { scores: _, generated: __, ...left } = last.members.opt;
      return { ...run, status: 'running', generationsDone: 2, generations: [first, second, { ...last, members: { opt: left } }] };
    });
    const { rows } = await readResults(store, 'nature-small');
    expect([...new Set(Array.from(rows, (row) => row.generation))]).toEqual([0, 1]);
  });

  test('an unknown experiment is an error that names those that exist', async () => {
    await expect(readResults(store, 'quickstart')).rejects.toMatchObject({
      kind: 'notFound',
      message: expect.stringContaining('the store holds no experiment yet'),
    });
    await publishFixture(store, makeFixture({ name: 'one', generations: 1 }));
    await publishFixture(store, makeFixture({ name: 'two', generations: 1 }));
    expect(await listExperiments(store)).toEqual(['one', 'two']);
    for (const name of ['three', '../one', '', 'one/runs']) {
      await expect(readResults(store, name)).rejects.toMatchObject({
        kind: 'notFound',
        message: expect.stringContaining('it holds "one", "two"'),
      });
    }
  });

  test('a damaged document is named', async () => {
    await publishFixture(store, makeFixture({ generations: 1 }));
    const { planDigest: plan } = await readResults(store, 'nature-small');
    const place = { experiment: 'nature-small', plan, run: 'replace/seed-1' } as const;
    const name = documentName({ schema: 'habsburg.run/v2', ...place, status: 'done', generations: 1 });
    const good = await store.readName(name);
    const others = documentName({ schema: 'habsburg.run/v2', ...place, run: 'replace/seed-2', status: 'done', generations: 1 });
    for (const damage of [null, [], { schema: 'habsburg.run/v2', ...place, generations: -1 }, await store.readName(others)]) {
      await store.writeName(name, damage);
      await expect(readResults(store, 'nature-small')).rejects.toMatchObject({
        kind: 'verification',
        message: expect.stringMatching(new RegExp(`^${name} in .* run the experiment again, which writes it anew`)),
      });
    }
    await store.writeName(name, good);
    await readResults(store, 'nature-small');
  });

  test('a scores artifact of another shape is named by its digest', async () => {
    const work = await mkdtemp(join(folder, 'work-'));
    await writeFile(join(work, 'scores.json'), '{"schema":"habsburg.scores/v9"}');
    const scores = await store.publish('scores', work);
    await publishFixture(store, makeFixture({ generations: 1 }), (run) => {
      const [first, ...rest] = run.generations;
      return { ...run, generations: [{ ...first, members: { opt: { ...first.members.opt, scores } } }, ...rest] };
    });
    await expect(readResults(store, 'nature-small')).rejects.toMatchObject({
      kind: 'verification',
      message: expect.stringContaining(scores.digest),
    });
  });

  test('a number that is there twice is refused, exit code 3', async () => {
    const fixture = makeFixture({ seeds: [1], generations: 1, conditions: ['replace'] });
    const [zero, one] = fixture.scores.get('replace/seed-1')!;
    const again = { ...one.values[0], value: 7, version: 2 };
    const doubled = [zero, { ...one, values: [...one.values, again] }];
    await publishFixture(store, { ...fixture, scores: new Map([['replace/seed-1', doubled]]) });
    const refused = await readResults(store, 'nature-small').catch((error: unknown) => error);
    expect(refused).toMatchObject({
      kind: 'verification',
      exitCode: 3,
      message: expect.stringMatching(/^perplexity .* is there twice/),
    });
    // other settings are another number, where they are asked for; else it is left out
    const apart = [zero, { ...one, values: [...one.values, { ...again, settings: { tokens: 5 } }] }];
    const scores = new Map([['replace/seed-1', apart]]);
    await publishFixture(store, { ...fixture, scores });
    const rows = async () => [...(await readResults(store, 'nature-small')).rows];
    expect(await rows()).toHaveLength(zero.values.length + one.values.length);
    const metrics = [...fixture.plan.metrics, { ...fixture.plan.metrics[0], settings: { tokens: 5 } }];
    await publishFixture(store, { ...fixture, plan: { ...fixture.plan, metrics }, scores });
    expect(await rows()).toHaveLength(zero.values.length + one.values.length + 1);
  });
});
