/** record: an experiment's documents, and what is stated of them. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { afterAll, expect, test } from '@jest/globals';
import { recordActivities } from '../../activities/record.js';
import type { Activities, RecordInput } from '../../activities/types.js';
import { blobKey } from '../../artifacts/keys.js';
import { statementsAbout } from '../../artifacts/statements.js';
import { sha256, type Digest } from '../../common/canonical.js';
import { planDigest } from '../../spec/digest.js';
import { documentName, latestName, planName, startName } from '../../spec/documents.js';
import { makeFixture } from '../report/fixture.js';
import { Workplace } from '../support/workplace.js';

const at = new Workplace();
afterAll(() => at.remove());
const { plan } = makeFixture({ name: 'e', seeds: [1], generations: 2 });
const digest = planDigest(plan);
const store = at.storePath;

const ask = <N extends keyof ReturnType<typeof recordActivities>>(
  name: N,
  input: Parameters<Activities[N]>[0],
): Promise<Digest | void> =>
  at.do((deps) => recordActivities(deps)[name] as (of: unknown) => Promise<Digest | void>, input as unknown);
const said = (name: string) => at.store.readName(name, z.any());
const started = ({ seeds, generations }: typeof plan) => ({ seeds: [...seeds], generations });
const stated = async (name: string) => {
  let count = 0;
  for await (const _ of statementsAbout(at.store, name)) count++;
  return count;
};

test('a plan is filed under its digest, its start beside it, and the newest is the one to follow', async () => {
  expect(await ask('recordPlan', { store, plan, document: { name: 'e' } })).toBe(digest);
  expect(await said(latestName('e'))).toMatchObject({ plan: digest });
  expect(await said(planName('e', digest))).toMatchObject({ digest, plan: { name: 'e' }, document: { name: 'e' } });
  expect(await said(startName('e', digest, started(plan)))).toMatchObject({ seeds: [1], generations: 2 });
  // what the digest is of lies there as it was hashed
  expect(readdirSync(join(store, blobKey(digest), '..'))).toContain(blobKey(digest).split('/').at(-1));
  expect(sha256(await at.store.objects.read(blobKey(digest), 1e6))).toBe(digest);
  // more generations are the same plan, and a start of their own
  const longer = { ...plan, generations: 5 };
  expect(await ask('recordPlan', { store, plan: longer })).toBe(digest);
  expect(await said(startName('e', digest, started(longer)))).toMatchObject({ generations: 5 });
  expect(await said(startName('e', digest, started(plan)))).toMatchObject({ generations: 2 });
});

test('metrics that are asked for later change the plan’s document and not when it was started', async () => {
  await ask('recordPlan', { store, plan, document: { name: 'e' } });
  const { started: since } = await said(planName('e', digest));
  await new Promise((resolve) => setTimeout(resolve, 5));
  await ask('recordMetrics', { store, plan: { ...plan, metrics: [{ name: 'zipf', variant: 'v', settings: {} }] } });
  expect(await said(planName('e', digest))).toMatchObject({
    started: since,
    document: { name: 'e' },
    plan: { metrics: [{ name: 'zipf' }] },
  });
});

const place = { experiment: 'e', plan: digest, run: 'replace/seed-1' };

test('a run says what computes it: the engine that was chosen, or else this worker’s', async () => {
  const document: RecordInput['document'] = { schema: 'habsburg.run/v2', ...place, status: 'running', generations: 2 };
  await ask('record', { store, document });
  const name = documentName(document);
  expect(await said(name)).toEqual({
    ...document,
    versions: { habsburg: expect.any(String), code: sha256('code'), engine: 'an engine on cpu' },
  });
  await ask('record', { store, document, engine: 'the chosen one' });
  expect(await said(name)).toMatchObject({ versions: { engine: 'the chosen one' } });
  // it names no artifact of which anything could be stated
  expect(await stated(name)).toBe(0);
});

test('what a generation left is stated, once by who says the same', async () => {
  const ref = await at.model('m');
  const members = { m: { model: ref, steps: {} } };
  const document: RecordInput['document'] = { schema: 'habsburg.generation/v1', ...place, generation: 1, members };
  await ask('record', { store, document });
  await ask('record', { store, document });
  expect(await said(documentName(document))).toEqual(document);
  expect(await stated(documentName(document))).toBe(1);
  await ask('record', { store, document: { ...document, members: { m: { model: await at.model('n'), steps: {} } } } });
  expect(await stated(documentName(document))).toBe(2);
});

test('a store that is not there is told as what was being done', async () => {
  const document: RecordInput['document'] = { schema: 'habsburg.run/v2', ...place, status: 'running', generations: 2 };
  const broken = { ...at.deps, openStore: () => { throw new Error('no such disk'); } }; // prettier-ignore
  await expect(at.do(() => recordActivities(broken).record, { store, document })).rejects.toMatchObject({
    message: `recording replace/seed-1: no such disk`,
  });
});
