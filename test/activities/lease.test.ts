/** A lease saves work and stops none: whatever lies in its place, a step that wants to be computed is computed. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, jest, test } from '@jest/globals';
import { acquireLease } from '../../activities/lease.js';
import { openArtifactStore } from '../../artifacts/open.js';
import type { ArtifactStore } from '../../artifacts/types.js';
import { sha256 } from '../../common/canonical.js';

const root = mkdtempSync(join(tmpdir(), 'habsburg-lease-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const key = sha256('a step');
let made = 0;
function fresh(): { store: ArtifactStore; path: string; put(content: string): void } {
  const url = join(root, `store-${made++}`);
  const path = join(url, 'names/leases', `${key.slice(7)}.json`);
  return {
    store: openArtifactStore(url),
    path,
    put(content) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
    },
  };
}
const never = new AbortController().signal;
const nothingDone = () => Promise.resolve(false);
const holderOf = (path: string) => (JSON.parse(readFileSync(path, 'utf8')) as { holder: string }).holder;

test.each(['{', '', 'null', '[]', '"x"', '7', '{"holder":3}', '{"holder":"ghost","nonce":"x","beat":null}', '\u0000\u0000'])(
  'a lease that says %j is taken over at once',
  async (content) => {
    const { store, path, put } = fresh();
    put(content);
    const began = Date.now();
    const lease = await acquireLease(store, key, 'me', nothingDone, never);
    expect(Date.now() - began).toBeLessThan(3_000);
    expect(holderOf(path)).toBe('me');
    await lease!.release();
    expect(await store.readName(`leases/${key.slice(7)}`)).toBeUndefined();
  },
);

test('an earlier attempt of the same activity is succeeded at once; a living holder is waited for', async () => {
  const { store, path } = fresh();
  const first = await acquireLease(store, key, 'a', nothingDone, never);
  const second = await acquireLease(store, key, 'a', nothingDone, never);
  await first!.release(); // the earlier attempt ends late, and leaves the later one's lease alone
  expect(holderOf(path)).toBe('a');
  let asked = 0;
  expect(await acquireLease(store, key, 'b', async () => ++asked === 2, never)).toBeUndefined();
  await second!.release();
  expect(holderOf((await acquireLease(store, key, 'b', nothingDone, never)) ? path : '')).toBe('b');
});

test('attempts of one activity that wait together do not take it from each other for ever: each gets it once', async () => {
  const { store, put } = fresh();
  put('{"holder":"a","nonce":"of an attempt before","beat":1}');
  let holding = 0;
  // apart by less than one waits to see whether it still has the lease: each finds the next one's in its place
  const attempts = [0, 350, 700].map(async (delay) => {
    await sleep(delay);
    const lease = await acquireLease(store, key, 'a', nothingDone, never);
    expect(++holding).toBe(1);
    await sleep(50);
    holding--;
    await lease!.release();
  });
  await Promise.all(attempts);
}, 20_000);

test('of several who take over from nobody at the same moment one has it, and the next when that one is done', async () => {
  const { store, path, put } = fresh();
  put('{');
  const got: string[] = [];
  const leases = ['a', 'b', 'c'].map(async (holder) => {
    const lease = await acquireLease(store, key, holder, nothingDone, never);
    got.push(holder);
    return lease!;
  });
  const first = await Promise.race(leases);
  await sleep(1_500);
  expect(got).toEqual([holderOf(path)]);
  await first.release();
  const [, second] = await Promise.race(leases.map(async (lease, i) => [i, await lease] as const).filter((_, i) => 'abc'[i] !== got[0])); // prettier-ignore
  expect(got).toHaveLength(2);
  expect(holderOf(path)).toBe(got[1]);
  await second.release();
  for (const lease of leases) await (await lease).release();
});

test('one that is there when it is to be written and gone when it is read does not make anybody spin', async () => {
  const { store } = fresh();
  let writes = 0;
  const comesAndGoes: ArtifactStore = Object.assign(Object.create(store) as ArtifactStore, {
    writeName: () => (writes++, Promise.resolve(false)),
    readName: () => Promise.resolve(undefined),
  });
  const control = new AbortController();
  const waiting = acquireLease(comesAndGoes, key, 'me', nothingDone, control.signal).catch(() => 'stopped');
  await sleep(1_200);
  control.abort();
  expect(await waiting).toBe('stopped');
  expect(writes).toBeLessThan(5);
});

test('a holder that was stopped wakes up, finds another one there, and leaves it alone', async () => {
  const { store, path } = fresh();
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'setTimeout'] });
  try {
    const stopped = await acquireLease(store, key, 'stopped', nothingDone, never);
    await store.writeName(`leases/${key.slice(7)}`, { holder: 'other', nonce: 'n', beat: 1 });
    jest.advanceTimersByTime(10_000); // its renewals
    await sleep(300);
    expect(holderOf(path)).toBe('other');
    await stopped!.release();
    expect(holderOf(path)).toBe('other');
  } finally {
    jest.useRealTimers();
  }
});
