/** What is collected and what stays: of three experiments of a step each, in a store whose files are made old by hand. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from '@jest/globals';
import { saveCheckpoint } from '../../artifacts/checkpoints.js';
import { blobKey, nameKey } from '../../artifacts/keys.js';
import { openArtifactStore } from '../../artifacts/open.js';
import { findStep } from '../../artifacts/step-record.js';
import type { ArtifactStore } from '../../artifacts/types.js';
import { Writing, lapsedKey, whileWriting } from '../../artifacts/writers.js';
import type { StepResult } from '../../activities/types.js';
import { checkStore } from '../../care/check.js';
import { collect } from '../../care/collect.js';
import { planCollection, readCollection } from '../../care/collection.js';
import { pin, readPins, unpin } from '../../care/pins.js';
import { removeExperiment } from '../../care/remove.js';
import { usageOf } from '../../care/usage.js';
import { sha256 } from '../../common/canonical.js';
import { readGraph } from '../../lineage/graph.js';
import { verifyLineage } from '../../lineage/verify.js';
import { failure } from '../artifacts/object-store-contract.js';
import { prepare } from './support.js';

const root = mkdtempSync(join(tmpdir(), 'habsburg-gc-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const HOUR = 3600_000;
const PLAN = 'a'.repeat(64);
let made = 0;
let folder: string;
let store: ArtifactStore;
let steps: StepResult[];

const run = (experiment: string, step: StepResult) =>
  store.writeName(`experiments/${experiment}/${PLAN}/runs/replace/seed-1/run`, { steps: { prepare: { key: step.key } } });
const drop = (experiment: string) => rmSync(join(folder, 'names/experiments', experiment), { recursive: true });

const under = (place: string): string[] =>
  existsSync(join(folder, place))
    ? readdirSync(join(folder, place), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
        .sort()
    : [];
/** As if all of it had been put so many hours ago. */
function age(hours: number, keys: readonly string[] = under('')): void {
  const then = (Date.now() - hours * HOUR) / 1000;
  for (const key of keys) utimesSync(join(folder, key), then, then);
}
const planned = (more: object = {}) => planCollection(store, { grace: HOUR, ...more });
const apply = (digest: string, more: object = {}) => collect(store, digest, { wait: 0, ...more });
/** Whether everything that a step left and read is there, every byte of it. */
const whole = async ({ key, outputs }: StepResult) => {
  const refs = Object.values(outputs);
  const all = await Promise.all(refs.map(async ({ digest }) => (await store.verify(digest)).ok));
  return all.every(Boolean) && (await findStep(store, key)).record !== undefined;
};

beforeEach(async () => {
  folder = join(root, `store-${made++}`);
  store = openArtifactStore(folder);
  steps = [await prepare(root, store, 4), await prepare(root, store, 5), await prepare(root, store, 6)];
  for (const [i, name] of ['one', 'two', 'three'].entries()) await run(name, steps[i]);
  age(2);
});

test('what an experiment leads to stays; a plan changes nothing, and says what goes when it is applied', async () => {
  expect((await planned()).plan.files).toEqual([]);
  drop('three');
  const before = under('blobs');
  const { digest, plan } = await planned();
  expect(under('blobs')).toEqual(before);
  // the files of the third alone: of its three sets and its source; shared ones stay, and lists of files, which are the proof
  const lists = before.filter((key) => readFileSync(join(folder, key), 'utf8').startsWith('{"facts"'));
  expect(plan.files.length).toBeGreaterThan(0);
  const done = await apply(digest);
  expect(done).toEqual({ files: plan.files.length, bytes: plan.bytes, kept: 0, steps: 1, waitsFor: 0 });
  expect(before.filter((key) => !under('blobs').includes(key))).toEqual(plan.files.map(blobKey).sort());
  for (const list of lists) expect(under('blobs')).toContain(list);
  expect(under('trash')).toEqual([]);
  expect(await Promise.all(steps.map(whole))).toEqual([true, true, false]);
  expect((await checkStore(store)).problems).toEqual([]);
  expect((await usageOf(store)).uses.map(({ name }) => name).sort()).toEqual(['one', 'two']);
  expect((await planned()).plan.files).toEqual([]);
  // and what went is made anew
  expect((await prepare(root, store, 6)).cached).toBe(false);
  expect(await whole(steps[2])).toBe(true);
});

test('what a statement says of bytes that went is "removed", not "damaged"; what is lost otherwise is damaged still', async () => {
  drop('three');
  const { digest, plan } = await planned();
  await apply(digest);
  const graph = await readGraph(store);
  const of = Object.values(steps[2].outputs);
  const found = await verifyLineage(store, graph, of);
  expect(found.verdicts).toEqual([]);
  expect([...new Set(found.removed.map(({ file }) => file))].sort()).toEqual(plan.files);
  rmSync(join(folder, blobKey((await store.manifest(Object.values(steps[0].outputs)[0].digest)).files[0].digest)));
  const other = await verifyLineage(store, graph, Object.values(steps[0].outputs));
  expect(other.removed).toEqual([]);
  expect(other.verdicts.map(({ verdict }) => verdict)).toContain('damaged');
});

test.each<[string, () => Promise<unknown>]>([
  ['a document names it again', () => run('again', steps[2])],
  ['it is pinned', () => pin(store, { name: 'kept', reason: 'a test', target: 'x', artifacts: Object.values(steps[2].outputs), pinned: '' })], // prettier-ignore
  ['a run finds it finished', () => prepare(root, store, 6)],
])('between plan and deed %s: all of it stays, its ancestry too', async (_, deed) => {
  drop('three');
  const { digest, plan } = await planned();
  await deed();
  expect(await apply(digest)).toMatchObject({ files: 0, kept: plan.files.length });
  expect(await whole(steps[2])).toBe(true);
  expect((await checkStore(store)).problems).toEqual([]);
});

test('what is put in the place of something that goes, and what is young, stays', async () => {
  drop('three');
  age(0.5, under('blobs'));
  expect((await planned()).plan.files).toEqual([]);
  age(2);
  const { digest, plan } = await planned();
  age(0, [blobKey(plan.files[0])]);
  expect(await apply(digest)).toMatchObject({ files: plan.files.length - 1, kept: 1 });
  expect(under('blobs')).toContain(blobKey(plan.files[0]));
});

test('the second pass waits for who writes, and puts back what was named meanwhile', async () => {
  drop('three');
  const { digest, plan } = await planned();
  const writing = new Writing();
  await writing.begin(store, []);
  expect(await apply(digest)).toMatchObject({ files: 0, waitsFor: 1 });
  expect(under('trash')).toHaveLength(plan.files.length);
  // a plan whose second pass is due goes first
  await run('again', steps[2]);
  const other = await planned({ grace: 0 });
  expect(await failure(apply(other.digest))).toMatchObject({ kind: 'invalid', message: expect.stringContaining(digest.slice(7, 19)) }); // prettier-ignore
  await writing.end();
  expect(await apply(digest)).toMatchObject({ files: 0, kept: plan.files.length, waitsFor: 0 });
  expect(under('trash')).toEqual([]);
  expect(await whole(steps[2])).toBe(true);
});

test('one that computes and has named what it relies on is not waited for, and keeps that', async () => {
  drop('three');
  const { digest } = await planned();
  const id = '12345678-1234-1234-1234-123456789012';
  const document = { schema: 'habsburg.writer/v1', relies: [steps[2].key], open: false, turn: 0, beat: 3 };
  await store.objects.put(`writers/${id}.json`, { bytes: Buffer.from(JSON.stringify(document)) });
  expect(await apply(digest)).toMatchObject({ files: 0, waitsFor: 0 });
  expect(await whole(steps[2])).toBe(true);
});

test('one collector at a time', async () => {
  drop('three');
  const { digest } = await planned();
  let beat = 0;
  const count = () => store.writeName('gc/collector', { id: 'another', beat: beat++ });
  await count();
  const counting = setInterval(() => void count(), 100);
  expect(await failure(apply(digest))).toMatchObject({ kind: 'unreachable' });
  clearInterval(counting);
  await count();
  expect(under('trash')).toEqual([]);
  // one that ended is succeeded
  const third = apply(digest);
  await new Promise((turn) => setTimeout(turn, 300));
  await store.deleteName('gc/collector');
  expect((await third).files).toBeGreaterThan(0);
  expect(under('names/gc')).not.toContain('names/gc/collector.json');
});

test('nothing is collected where a document cannot be read, where much less is led to than before, or a plan was changed', async () => {
  const path = join(folder, nameKey(`experiments/two/${PLAN}/runs/replace/seed-1/run`));
  const text = readFileSync(path, 'utf8');
  drop('three');
  await apply((await planned()).digest);
  const { digest } = await planned();
  const before = under('blobs');
  writeFileSync(path, '{');
  for (const attempt of [planned(), apply(digest)]) expect(await failure(attempt)).toMatchObject({ kind: 'verification', message: expect.stringContaining('experiments/two') }); // prettier-ignore
  writeFileSync(path, text);

  drop('one');
  drop('two');
  const { digest: all } = await planned();
  expect(await failure(apply(all))).toMatchObject({ kind: 'invalid', message: expect.stringContaining('--allow-shrink') });
  expect(under('blobs')).toEqual(before);
  const document = join(folder, nameKey(`gc/plans/${all.slice(7)}`));
  writeFileSync(document, readFileSync(document, 'utf8').replace(`"grace": ${HOUR}`, '"grace": 0'));
  expect((await failure(readCollection(store, all))).kind).toBe('verification');
  expect((await failure(readCollection(store, 'deadbeef'))).kind).toBe('notFound');
});

test('a damaged statement stops it where something needs to know what was read, and nowhere else', async () => {
  const damage = (step: StepResult) => {
    for (const key of under(`statements/steps/${step.key.slice(7)}`)) writeFileSync(join(folder, key), '{');
  };
  drop('three');
  damage(steps[2]);
  const { digest, plan } = await planned();
  expect(plan.files.length).toBeGreaterThan(0);
  damage(steps[0]);
  for (const attempt of [planned(), apply(digest)]) expect(await failure(attempt)).toMatchObject({ kind: 'verification', message: expect.stringContaining(steps[0].key.slice(7)) }); // prettier-ignore
  expect(await whole(steps[1])).toBe(true);
});

test('an experiment is removed by its documents; what it shares with others stays, and pins and runs that go on forbid it', async () => {
  const name = `experiments/three/${PLAN}/runs/replace/seed-2/run`;
  await store.writeName(name, { status: 'running', steps: { prepare: { key: steps[1].key } } });
  expect(await failure(removeExperiment(store, 'three'))).toMatchObject({ kind: 'invalid', message: expect.stringContaining('replace/seed-2') }); // prettier-ignore
  expect(await removeExperiment(store, 'three', { run: 'replace/seed-1' })).toBe(1);
  expect((await failure(removeExperiment(store, 'three', { run: 'replace/seed-1' }))).kind).toBe('notFound');
  await pin(store, { name: 'kept', reason: 'a test', target: 'three', experiment: 'three', artifacts: [], pinned: '' });
  expect((await failure(pin(store, { name: 'kept', reason: '', target: '', artifacts: [], pinned: '' }))).kind).toBe('invalid');
  expect(await failure(removeExperiment(store, 'three', { unfinished: true }))).toMatchObject({ message: expect.stringContaining('pinned') }); // prettier-ignore
  expect(await readPins(store)).toMatchObject([{ name: 'kept', experiment: 'three' }]);
  await unpin(store, 'kept');
  expect((await failure(unpin(store, 'kept'))).kind).toBe('notFound');
  expect(await removeExperiment(store, 'three', { unfinished: true })).toBe(1);
  await apply((await planned()).digest);
  expect(await Promise.all(steps.map(whole))).toEqual([true, true, false]);
  // what is not there whole cannot be pinned
  const artifacts = Object.values(steps[2].outputs);
  expect((await failure(pin(store, { name: 'lost', reason: 'a test', target: 'x', artifacts, pinned: '' }))).kind).toBe('verification'); // prettier-ignore
});

test('retention: the oldest go, pinned ones and those that somebody wrote to since the plan was made do not', async () => {
  age(50, under('names/experiments/one'));
  age(40, under('names/experiments/two'));
  age(30, under('names/experiments/three'));
  const names = async (policy: object) => (await planned(policy)).plan.experiments;
  expect(await names({ keepLast: 1 })).toEqual(['one', 'two']);
  expect(await names({ keepLast: 5 })).toEqual([]);
  expect(await names({ olderThan: 35 * HOUR })).toEqual(['one', 'two']);
  expect(await names({ olderThan: 35 * HOUR, keepLast: 2 })).toEqual(['one']);
  await pin(store, { name: 'paper', reason: 'a test', target: 'one', experiment: 'one', artifacts: [], pinned: '' });
  expect(await names({ keepLast: 1 })).toEqual(['two']);
  const { digest, plan } = await planned({ keepLast: 0 });
  expect(plan.experiments).toEqual(['two', 'three']);
  await new Promise((turn) => setTimeout(turn, 20));
  await run('three', steps[2]);
  await apply(digest);
  expect(under('names/experiments').map((key) => key.split('/')[2])).toEqual(['one', 'three']);
  expect(await Promise.all(steps.map(whole))).toEqual([true, false, true]);
  expect(under('statements/steps')).toHaveLength(3);
});

test('checkpoints of given up steps, leases and marks of the dead go; those of living ones stay', async () => {
  const checkpoint = async (key: ReturnType<typeof sha256>) => {
    const files = join(root, `checkpoint-${made++}`);
    await store.materialise(Object.values(steps[0].outputs)[0].digest, files);
    await saveCheckpoint(store, key, files);
  };
  const [given, young, busy] = [sha256('given up'), sha256('young'), sha256('busy')];
  await checkpoint(given);
  await checkpoint(busy);
  await store.writeName('leases/x', {});
  await store.objects.put(lapsedKey('12345678-1234-1234-1234-123456789012'), { bytes: Buffer.from('') });
  age(2);
  await checkpoint(young);
  const { digest, plan } = await planned();
  expect([...plan.checkpoints].sort()).toEqual([given, busy].sort());
  await whileWriting(store, [busy], async (writing) => {
    writing.settle([]);
    await apply(digest, { wait: 0 });
  });
  await apply(digest);
  expect(under('names/leases')).toEqual([]);
  expect(under('writers')).toEqual([]);
  expect(under('names/checkpoints')).toEqual([nameKey(`checkpoints/${young.slice(7)}`)]);
});
