/** A store holds what several plans and starts of one name have left; a reader gets one plan's alone, as a fresh store would give it. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openArtifactStore } from '../../artifacts/open.js';
import type { ArtifactStore } from '../../artifacts/types.js';
import { digestOf } from '../../common/canonical.js';
import { readResults } from '../../report/rows.js';
import { planDigest } from '../../spec/digest.js';
import * as documents from '../../spec/documents.js';
import type { LanguageModelPlan } from '../../kinds/text/plan.js';
import type { ExperimentPlan } from '../../spec/plan.js';
import { makeFixture, publishFixture } from './fixture.js';
import type { Fixture, FixtureOptions } from './fixture.js';

let folder: string;
let store: ArtifactStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'habsburg-plans-'));
  store = openArtifactStore(join(folder, 'store'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const small = (options: FixtureOptions = {}): Fixture =>
  makeFixture({ name: 'e', seeds: [1, 2], generations: 2, conditions: ['replace'], ...options });
const decodedAt = ({ plan, scores }: Fixture, temperature: number): Fixture => {
  const members = plan.population.map((m) => ({
    ...m,
    decoding: { ...(m as LanguageModelPlan).decoding, temperature },
  })) as ExperimentPlan['population'];
  return { scores, plan: { ...plan, population: members, conditions: plan.conditions.map((c) => ({ ...c, members: members.map((m) => ({ ...m, mixture: c.members[0].mixture })) })) } }; // prettier-ignore
};

/** What the same fixture gives alone. */
async function alone(fixture: Fixture) {
  const fresh = openArtifactStore(await mkdtemp(join(folder, 'fresh-')));
  await publishFixture(fresh, fixture);
  return readResults(fresh, 'e');
}
async function expectAsAlone(fixture: Fixture) {
  await publishFixture(store, fixture);
  const [found, fresh] = [await readResults(store, 'e'), await alone(fixture)];
  expect({ ...found, store: '', notes: [] }).toEqual({ ...fresh, store: '', notes: [] });
  return found.notes;
}

describe('a plan among others of its name', () => {
  test('more seeds, fewer, others; more generations, fewer: what a fresh store gives', async () => {
    for (const options of [{}, { seeds: [1, 2, 3] }, { seeds: [2] }, { generations: 4 }, { generations: 1, seeds: [3, 9] }, {}])
      await expectAsAlone(small(options));
  });

  test('other settings and renamed conditions are other plans: left out, named, and read on request', async () => {
    const first = small({ seeds: [1, 2, 3] });
    const hot = decodedAt(small(), 1.5);
    const renamed = small({ conditions: ['another-name'] });
    expect(await expectAsAlone(first)).toEqual([]);
    const short = (f: Fixture) => planDigest(f.plan).slice(7, 19);
    expect(await expectAsAlone(hot)).toEqual([
      `e was run with other settings, too, which are left out here: plan ${short(first)} (3 seeds, generations 0 to 2, started 2026-11-30 04:00 UTC); habsburg results e --plan ${short(first)} shows it.`,
    ]);
    const [note] = await expectAsAlone(renamed);
    expect(note).toContain(`${short(first)} (3 seeds`);
    expect(note).toContain(`${short(hot)} (2 seeds`);
    const back = await readResults(store, 'e', { digest: short(first) });
    expect({ ...back, store: '', notes: [] }).toEqual({ ...(await alone(first)), store: '', notes: [] });
    expect([...(await readResults(store, 'e', { plan: hot.plan })).rows]).toEqual([...(await alone(hot)).rows]);
    await expect(readResults(store, 'e', { digest: 'f00' })).rejects.toMatchObject({ kind: 'notFound', message: expect.stringContaining(short(hot)) }); // prettier-ignore
    await expect(readResults(store, 'e', { digest: '' })).rejects.toMatchObject({ kind: 'notFound' });
  });

  test('what an earlier start of the same plan had beyond it is said', async () => {
    const { plan } = small();
    const digest = planDigest(plan);
    await publishFixture(store, small());
    const started = (seeds: number[], generations: number) =>
      store.writeName(documents.startName('e', digest, { seeds, generations }), { schema: documents.START_SCHEMA, seeds, generations }); // prettier-ignore
    await started([1, 2], 2);
    expect((await readResults(store, 'e')).notes).toEqual([]);
    await started([1, 2, 3, 4, 5, 9], 2);
    await started([1], 7);
    expect((await readResults(store, 'e')).notes).toEqual([
      'Earlier runs of this plan had seeds 3 to 5, 9 and generations up to 7, which are kept and left out here; run with them again to see them, nothing is computed twice.',
    ]);
  });

  test('a lost or damaged pointer to the newest plan is no loss', async () => {
    await publishFixture(store, small());
    const expected = await readResults(store, 'e');
    for (const damage of [null, 'x', { schema: documents.LATEST_SCHEMA, plan: digestOf('nothing') }]) {
      await store.writeName(documents.latestName('e'), damage);
      expect(await readResults(store, 'e')).toEqual(expected);
    }
    await store.deleteName(documents.latestName('e'));
    expect(await readResults(store, 'e')).toEqual(expected);
  });

  test('a plan document that is not what its name says is refused; of another plan it is no hindrance', async () => {
    await publishFixture(store, small({ seeds: [5] }));
    await publishFixture(store, decodedAt(small(), 1.5));
    const name = documents.planName('e', planDigest(small().plan));
    const stored = (await store.readName<documents.PlanDocument>(name))!;
    const wrong = { ...stored.plan, tokenizer: { kind: 'bpe', vocabulary: 5 } };
    for (const damage of [null, {}, { ...stored, plan: wrong }, { ...stored, plan: { ...stored.plan, conditions: [null] } }]) {
      await store.writeName(name, damage);
      expect((await readResults(store, 'e')).notes[0]).toContain('(damaged)');
      await expect(readResults(store, 'e', { digest: stored.digest })).rejects.toMatchObject({ kind: 'verification' });
    }
  });

  test('what an earlier version filed by name alone is refused with what to do', async () => {
    await store.writeName('experiments/e/plan', { schema: 'habsburg.plan/v1' });
    await expect(readResults(store, 'e')).rejects.toMatchObject({
      kind: 'invalid',
      message: expect.stringMatching(/^e was recorded in .* run it again: finished steps are reused/),
    });
    await publishFixture(store, small());
    expect([...(await readResults(store, 'e')).rows].length).toBeGreaterThan(0);
  });
});

describe('a run that is computed again by another engine', () => {
  const ref = (what: string) => ({ kind: 'dataset' as const, digest: digestOf(what), size: 1 });

  test('is read as far as it has come, never together with what lay there before', async () => {
    const fixture = small({ seeds: [1], generations: 3 });
    await publishFixture(store, fixture);
    const place = { experiment: 'e', plan: planDigest(fixture.plan), run: 'replace/seed-1' };
    const write = (t: number, engine: string) => {
      const member = { generated: ref(`${engine} ${t}`), steps: {}, follows: t > 0 ? digestOf(`${engine} ${t - 1}`) : undefined };
      const document = { schema: documents.GENERATION_SCHEMA, ...place, generation: t, members: { opt: member } } as const;
      return store.writeName(documents.documentName(document), document);
    };
    const found = async () => (await readResults(store, 'e')).runs[0].generations.map(({ generation }) => generation);
    for (const t of [0, 1, 2, 3]) await write(t, 'old');
    expect(await found()).toEqual([0, 1, 2, 3]);
    await write(0, 'new');
    expect(await found()).toEqual([0]);
    await write(1, 'new');
    expect(await found()).toEqual([0, 1]);
    for (const t of [2, 3]) await write(t, 'new');
    expect(await found()).toEqual([0, 1, 2, 3]);
    // a document that could not be written hides itself alone
    await store.deleteName(documents.documentName({ schema: documents.GENERATION_SCHEMA, ...place, generation: 1, members: {} }));
    expect(await found()).toEqual([0, 2, 3]);
    // scores of what the other engine wrote are not taken for these
    expect([...(await readResults(store, 'e')).rows]).toEqual([]);
  });
});
