/** store copy: from a store into another, what has come holds, and what cannot come is told. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from '@jest/globals';
import { blobKey } from '../../artifacts/keys.js';
import { appendLog, batchKey, parting, readLog } from '../../artifacts/log.js';
import { openArtifactStore } from '../../artifacts/open.js';
import { ContentStore } from '../../artifacts/store.js';
import type { ArtifactStore } from '../../artifacts/types.js';
import { checkStore } from '../../care/check.js';
import { copyStore } from '../../care/copy.js';
import { readGraph } from '../../lineage/graph.js';
import { verifyLineage } from '../../lineage/verify.js';
import { failure } from '../artifacts/object-store-contract.js';
import { Household } from '../lineage/support.js';
import { MemoryStore } from '../support/memory-store.js';
import { signer, signerNumber } from '../support/signer.js';

const root = mkdtempSync(join(tmpdir(), 'habsburg-copy-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let house: Household;
let made = 0;
const fresh = (): ArtifactStore => openArtifactStore(join(root, `to-${made++}`));
beforeEach(async () => {
  house = new Household();
  await house.live(1);
  await house.store.writeName('experiments/cross/latest', { plan: 'p' });
  await house.store.writeName('leases/one', {});
  await appendLog(house.store, signer);
});
const holds = async (store: ArtifactStore, of = 'llama/1/model') => (await verifyLineage(store, await readGraph(store), [house.made[of]])).verdicts; // prettier-ignore
const keysOf = async ({ objects }: ArtifactStore): Promise<string[]> => {
  const keys: string[] = [];
  for await (const key of objects.list('')) if (!/^(writers|trash|gc)\//.test(key)) keys.push(key);
  return keys;
};

test('all of it comes, byte for byte but for what goes on there; a second time nothing does', async () => {
  const to = fresh();
  const first = await copyStore(house.store, to);
  expect(first).toMatchObject({ there: 0, kept: [], lost: [], log: 'copied' });
  expect(await keysOf(to)).toEqual((await keysOf(house.store)).filter((key) => key !== 'names/leases/one.json'));
  for (const key of await keysOf(to)) expect([key, (await to.objects.read(key, 1e6)).equals(await house.objects.read(key))]).toEqual([key, true]); // prettier-ignore
  expect(await holds(to)).toEqual([]);
  expect((await checkStore(to)).problems).toEqual([]);
  const again = await copyStore(house.store, to);
  expect(again).toMatchObject({ files: 0, bytes: 0, there: first.files, statements: 0, documents: 0, lost: [], log: 'copied' });
});

test('what is damaged in the other store is put right; what is damaged here is told, and the rest comes', async () => {
  const to = fresh();
  await copyStore(house.store, to);
  const [file] = house.made['opt/1/model'].files;
  await to.objects.put(blobKey(file.digest), { bytes: Buffer.alloc(file.size) });
  expect(await copyStore(house.store, to)).toMatchObject({ files: 1, lost: [] });
  expect(await holds(to)).toEqual([]);
  house.objects.objects.set(blobKey(file.digest), Buffer.alloc(file.size));
  const { lost, files } = await copyStore(house.store, fresh());
  expect(lost).toEqual([{ digest: file.digest, what: expect.stringContaining('have the hash') }]);
  expect(files).toBeGreaterThan(10);
});

test('of one experiment, what it leads to alone', async () => {
  await house.publish('dataset', 'stray', { 'records.jsonl': 'of nobody' });
  await house.step('other/model', 'model', { 'config.json': '{"of":"another"}' }, {}, { seed: 9 });
  const to = fresh();
  await copyStore(house.store, to, { experiment: 'cross' });
  expect(await holds(to)).toEqual([]);
  for (const name of ['stray', 'other/model']) {
    expect(await to.objects.stat(blobKey(house.made[name].digest))).toBeUndefined();
    expect([...(await readGraph(to)).makers.keys()]).not.toContain(house.made[name].digest);
  }
  expect(await failure(copyStore(house.store, to, { experiment: 'none' }))).toMatchObject({ kind: 'notFound' });
});

test('a log of the other store’s own grows by what has come, one that this has grown from is followed, and a name that is taken stays', async () => {
  const other = new Household();
  await other.live(0, 7);
  await appendLog(other.store, signerNumber(2));
  const own = (await readLog(other.store)).heads[0].note;
  await other.store.writeName('experiments/cross/latest', { plan: 'theirs' });
  const mixed = await copyStore(house.store, other.store);
  expect(mixed).toMatchObject({ log: 'queued', kept: ['names/experiments/cross/latest.json'] });
  expect(await other.store.readName('experiments/cross/latest')).toEqual({ plan: 'theirs' });
  await appendLog(other.store, signerNumber(2));
  const log = await readLog(other.store);
  expect([log.fault, log.waiting, parting(log, own, 'kept')]).toEqual([undefined, 0, undefined]);
  expect(log.entries.size).toBe((await readGraph(other.store)).statements.size);
  // again, and nothing waits twice
  await copyStore(house.store, other.store);
  expect((await readLog(other.store)).waiting).toBe(0);

  const to = new ContentStore(new MemoryStore());
  await copyStore(house.store, to);
  await house.live(2);
  await appendLog(house.store, signer);
  expect(await copyStore(house.store, to)).toMatchObject({ log: 'copied' });
  expect(await to.objects.stat(batchKey(2))).toBeDefined();
  expect((await readLog(to)).fault).toBeUndefined();
});

test('broken off, no document is there whose files are not; begun again, it is whole', async () => {
  const to = new MemoryStore();
  const control = new AbortController();
  await expect(copyStore(house.store, new ContentStore(to), { signal: control.signal, progress: () => control.abort() })).rejects.toThrow(); // prettier-ignore
  expect([...to.objects.keys()].filter((key) => key.startsWith('names/') || key.startsWith('statements/'))).toEqual([]);
  await copyStore(house.store, new ContentStore(to));
  expect(await holds(new ContentStore(to))).toEqual([]);
});
