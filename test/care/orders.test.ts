/**
 * The protocol of writers and a collector, in every order of their calls, with the code that runs in earnest: X lies there, old, and nothing
 * leads to it; somebody finds it and names it. A name must never lead to nothing. Each part of the protocol that is left out loses.
 */
import { expect, jest, test } from '@jest/globals';
import { blobKey, nameKey } from '../../artifacts/keys.js';
import { trashKey } from '../../artifacts/trash.js';
import type { ArtifactStore, ObjectStore } from '../../artifacts/types.js';
import { sha256 } from '../../common/canonical.js';
import { MemoryStore } from '../support/memory-store.js';
import { everyOrder, type World } from './turns.js';

// a second look at what is missing sees no more than another order of calls would
jest.unstable_mockModule('../../artifacts/again.js', () => ({ again: (_: string, read: () => unknown) => read() }));
const { findStep, renewStep, stepName, writeStep } = await import('../../artifacts/step-record.js');
const { ContentStore } = await import('../../artifacts/store.js');
const { whileWriting } = await import('../../artifacts/writers.js');
const { collect } = await import('../../care/collect.js');
const { planCollection } = await import('../../care/collection.js');

const HOUR = 3600_000;
const NOW = 1_000_000 * HOUR;
const bytes = Buffer.from('X');
const X = sha256(bytes);
const KEY = sha256('a step');
const RECORD = nameKey(stepName(KEY));
const files = [{ path: 'x', digest: X, size: bytes.length, source: { bytes } }];
const record = { key: KEY, step: 'sample', report: {}, statement: sha256('said') };

const publish = async (store: ArtifactStore) => {
  const dataset = await store.publishFiles('dataset', files);
  return () => writeStep(store, { ...record, outputs: { dataset } });
};

/** Publishes X, whoever put it there first. */
const publishing = (view: ObjectStore): Promise<void> => {
  const store = new ContentStore(view);
  return whileWriting(store, [], async (writing) => {
    const name = await publish(store);
    await writing.assertHeld();
    await name();
  });
};
/** Finds a step finished that left X, or does it. */
const finding = (view: ObjectStore): Promise<void> => {
  const store = new ContentStore(view);
  return whileWriting(store, [KEY], async (writing) => {
    const found = await findStep(store, KEY);
    if (found.record) return renewStep(store, found.record, await writing.now());
    await (
      await publish(store)
    )();
  });
};

interface Without {
  /** the collector sees no writers */
  readonly writers?: boolean;
  /** its second look sees what the first one saw */
  readonly secondMark?: boolean;
  /** what is moved to the trash is gone at once */
  readonly trash?: boolean;
}

/** The collector's view, where a part of the protocol is left out. */
function crippled(view: ObjectStore, without: Without): ObjectStore {
  const seen = new Map<string, string[]>();
  return {
    ...view,
    async *list(prefix: string) {
      if (without.writers && prefix === 'writers/') return;
      const keys = seen.get(prefix) ?? [];
      if (!seen.has(prefix)) for await (const key of view.list(prefix)) keys.push(key);
      if (without.secondMark && ['names/', 'writers/', 'blobs/'].includes(prefix)) seen.set(prefix, [...keys]);
      yield* keys;
    },
    async move(from: string, to: string) {
      if (!without.trash || !to.startsWith('trash/')) return view.move(from, to);
      await view.delete(from);
      return true;
    },
  };
}

/** @param named whether a step that left X is known, as one that was finished long ago */
const world = (writer: (view: ObjectStore) => Promise<void>, named: boolean, without: Without = {}) => async (): Promise<World> => {
  const store = new MemoryStore();
  store.now = () => 0;
  const artifacts = new ContentStore(store);
  if (named) await (await publish(artifacts))();
  else await artifacts.keepBytes(bytes);
  store.now = () => NOW;
  const { digest, plan } = await planCollection(artifacts, { grace: HOUR });
  expect(plan.files).toEqual([X]);
  const ours = new Set([blobKey(X), trashKey(blobKey(X)), RECORD]);
  return {
    store,
    writer,
    async collector(view, untilWriterMoved) {
      const collected = new ContentStore(crippled(view, without));
      while ((await collect(collected, digest, { wait: 0, allowShrink: true })).waitsFor > 0) await untilWriterMoved();
    },
    matters: {
      writer: (_, key) => ours.has(key) || key.startsWith('writers/'),
      collector: (call, key) => (call !== 'get' && ours.has(key)) || (call === 'list' && ['names/', 'writers/', 'trash/'].includes(key)) || (call === 'get' && key.startsWith('writers/')),
    },
    lost() {
      const holds = (key: string) => store.objects.has(key);
      if (!holds(RECORD)) return 'the name is gone';
      return holds(blobKey(X)) ? undefined : 'the name leads to nothing';
    },
  };
}; // prettier-ignore

test('whoever publishes what is being collected: no order of calls loses it', async () => {
  const { orders, losing, states, example } = await everyOrder(world(publishing, false));
  expect([losing, example]).toEqual([0, undefined]);
  expect(orders).toBeGreaterThan(10_000);
  expect(states).toBeGreaterThan(100);
});

test('whoever finds a step finished whose result is being collected: no order of calls loses it', async () => {
  const { orders, losing, example } = await everyOrder(world(finding, true));
  expect([losing, example]).toEqual([0, undefined]);
  expect(orders).toBeGreaterThan(1_000);
});

test.each<[string, () => ReturnType<typeof world>]>([
  ['the collector does not look who writes', () => world(publishing, false, { writers: true })],
  ['the collector does not look a second time', () => world(publishing, false, { secondMark: true })],
  ['there is no trash', () => world(publishing, false, { trash: true })],
  ['writers do not say that they write', () => world(async (view) => void (await (await publish(new ContentStore(view)))()), false)],
  ['what is found finished is not renewed', () => world(async (view) => {
    const store = new ContentStore(view);
    await whileWriting(store, [KEY], async () => {
      if (!(await findStep(store, KEY)).record) await (await publish(store))();
    });
  }, true)],
  ['a writer says so after its first look', () => world(async (view) => {
    const store = new ContentStore(view);
    const name = await publish(store);
    await whileWriting(store, [], async () => void (await name()));
  }, false)],
])('and one does where %s', async (_, mutant) => {
  const { losing, example } = await everyOrder(mutant(), 1);
  expect(losing).toBeGreaterThan(0);
  expect(example).toMatch(/^the name /);
}); // prettier-ignore
