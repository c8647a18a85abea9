/** Writers as a collector sees them, and what readers find of what it has put into the trash. */
import { expect, jest, test } from '@jest/globals';
import { blobKey, nameKey } from '../../artifacts/keys.js';
import { findStep, renewStep, stepName, writeStep } from '../../artifacts/step-record.js';
import { ContentStore } from '../../artifacts/store.js';
import { TRASH, trashKey } from '../../artifacts/trash.js';
import { hashBlob } from '../../artifacts/verified.js';
import {
  LAPSE_MS,
  RENEW_MS,
  Writing,
  lapsedKey,
  seenWriter,
  whileWriting,
  writerKey,
  writersOf,
} from '../../artifacts/writers.js';
import { sha256 } from '../../common/canonical.js';
import { MemoryStore } from '../support/memory-store.js';

const key = sha256('a step');
const fresh = () => {
  const objects = new MemoryStore();
  return { objects, store: new ContentStore(objects) };
};

test('a writer is seen from its beginning to its end, with what it relies on, and counts up', async () => {
  jest.useFakeTimers();
  try {
    const { objects, store } = fresh();
    const writing = new Writing();
    await writing.begin(store, [key]);
    const [first] = await writersOf(objects);
    expect(first).toMatchObject({ id: writing.id, open: true, turn: 0 });
    expect(first.state).toContain(key);
    await jest.advanceTimersByTimeAsync(RENEW_MS);
    const later = await seenWriter(objects, writing.id);
    expect(later).toMatchObject({ open: true, turn: 0 });
    expect(later!.state).not.toBe(first.state);
    expect(LAPSE_MS).toBeGreaterThan(5 * RENEW_MS);
    await writing.end();
    expect(await writersOf(objects)).toEqual([]);
    await jest.advanceTimersByTimeAsync(3 * RENEW_MS);
    expect([...objects.objects.keys()]).toEqual([]);
  } finally {
    jest.useRealTimers();
  }
});

test('a turn that was told to be over is another one when it goes on; one that was not told is the same', async () => {
  jest.useFakeTimers();
  try {
    const { objects, store } = fresh();
    const writing = new Writing();
    const seen = () => seenWriter(objects, writing.id);
    await writing.begin(store, []);
    writing.settle([sha256('a source')]);
    await writing.open();
    expect(await seen()).toMatchObject({ open: true, turn: 0 });
    writing.settle([]);
    await jest.advanceTimersByTimeAsync(RENEW_MS);
    expect(await seen()).toMatchObject({ open: false, turn: 0 });
    expect((await seen())!.state).toContain(sha256('a source'));
    await writing.open();
    expect(await seen()).toMatchObject({ open: true, turn: 1 });
    await writing.end();
  } finally {
    jest.useRealTimers();
  }
});

test('one that was taken for dead names nothing; one whose document is damaged may have looked up anything', async () => {
  const { objects, store } = fresh();
  await whileWriting(store, [], async (writing) => {
    await writing.assertHeld();
    await objects.put(writerKey(writing.id), { bytes: Buffer.from('{') });
    expect(await writersOf(objects)).toMatchObject([{ id: writing.id, open: true }]);
    await objects.put(lapsedKey(writing.id), { bytes: Buffer.from('') });
    await objects.delete(writerKey(writing.id));
    await expect(writing.assertHeld()).rejects.toMatchObject({ kind: 'unreachable' });
    await expect(writing.now()).rejects.toMatchObject({ kind: 'unreachable' });
  });
});

test('whoever reads what is in the trash puts it back: files, manifests and records', async () => {
  const { objects, store } = fresh();
  const bytes = Buffer.from('some text');
  const files = [{ path: 'text', digest: sha256(bytes), size: bytes.length, source: { bytes } }];
  const dataset = await store.publishFiles('dataset', files);
  await writeStep(store, { key, step: 'sample', outputs: { dataset }, report: {}, statement: sha256('said') });
  const all = [...objects.objects.keys()].sort();
  const reads: (() => Promise<unknown>)[] = [
    async () => expect((await findStep(store, key)).record?.outputs).toEqual({ dataset }),
    async () => expect((await store.readFile(dataset.digest, 'text')).toString()).toBe('some text'),
    async () => expect((await store.verify(dataset.digest)).ok).toBe(true),
    async () => expect((await store.verify(dataset.digest, { deep: false })).ok).toBe(true),
    async () => expect((await hashBlob(objects, files[0].digest)).size).toBe(bytes.length),
  ];
  for (const read of reads) {
    for (const one of [...objects.objects.keys()]) if (!one.startsWith(TRASH)) await objects.move(one, trashKey(one));
    await read();
  }
  await findStep(store, key);
  expect([...objects.objects.keys()].sort()).toEqual(all);
  await objects.delete(blobKey(files[0].digest));
  expect((await store.verify(dataset.digest)).ok).toBe(false);
});

test('a step that is found finished says that it is needed, once an hour', async () => {
  const { objects, store } = fresh();
  const hour = 3600_000;
  objects.now = () => 1_000 * hour;
  const record = await writeStep(store, { key, step: 'sample', outputs: {}, report: {}, statement: sha256('said') });
  const modified = async () => (await objects.stat(nameKey(stepName(key))))!.modified / hour;
  objects.now = () => 1_000.5 * hour;
  await renewStep(store, record, objects.now());
  expect(await modified()).toBe(1_000);
  objects.now = () => 1_002 * hour;
  await renewStep(store, record, objects.now());
  expect(await modified()).toBe(1_002);
  expect((await findStep(store, key)).record).toEqual(record);
  await objects.delete(nameKey(stepName(key)));
  await renewStep(store, record, objects.now());
  expect(await modified()).toBe(1_002);
});
