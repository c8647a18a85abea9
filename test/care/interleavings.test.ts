/**
 * Several who write and one who collects at the same time, over a real store, in orders that a seed draws. Whoever named something finds it
 * whole, always. HABSBURG_ROUNDS=1000 and HABSBURG_SEED draw more, and others.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openStore } from '../../artifacts/open.js';
import { findStep, renewStep, writeStep } from '../../artifacts/step-record.js';
import { ContentStore } from '../../artifacts/store.js';
import type { ArtifactStore, ObjectStore } from '../../artifacts/types.js';
import { whileWriting } from '../../artifacts/writers.js';
import { collect } from '../../care/collect.js';
import { planCollection } from '../../care/collection.js';
import { sha256 } from '../../common/canonical.js';
import { startS3ForTest, type StoreS3 } from '../support/s3.js';
import { SERVER_TIMEOUT_MS } from '../support/servers.js';

const SEED = Number(process.env.HABSBURG_SEED ?? 1);
const rounds = (usual: number) => Number(process.env.HABSBURG_ROUNDS ?? usual);
const LIMIT_MS = Math.max(60_000, rounds(0) * 3_000);
/** Few, so that what one collects another often needs. */
const TEXTS = 4;
const WRITERS = 3;

const root = mkdtempSync(join(tmpdir(), 'habsburg-interleavings-'));
let server: StoreS3;
beforeAll(async () => {
  server = await startS3ForTest(['interleavings']);
}, SERVER_TIMEOUT_MS);
afterAll(async () => {
  await server?.stop();
  rmSync(root, { recursive: true, force: true });
});

/** Numbers in [0, n) (mulberry32). */
function dice(seed: number): (n: number) => number {
  let a = seed >>> 0;
  return (n) => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}

/** A store whose calls each begin after a while. */
function late(objects: ObjectStore, roll: (n: number) => number): ObjectStore {
  return new Proxy(objects, {
    get(target, name: keyof ObjectStore) {
      const value = target[name];
      if (typeof value !== 'function') return value;
      if (name === 'list')
        return async function* (prefix: string) {
          await pause(roll(6));
          yield* target.list(prefix);
        };
      return async (...args: unknown[]) => {
        await pause(roll(6));
        return (value as (...args: unknown[]) => unknown).apply(target, args);
      };
    },
  });
}
async function pause(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((next) => setImmediate(next));
}

const documentOf = (text: number) => `experiments/e${text}/runs/r/run`;
const stepOf = (text: number) => sha256(`step ${text}`);

/** As a step does it: finds the result, or makes it; and names it in a run's document, while it says that it writes. */
async function write(store: ArtifactStore, text: number): Promise<void> {
  const key = stepOf(text);
  await whileWriting(store, [key], async (writing) => {
    const { record } = await findStep(store, key);
    if (record) await renewStep(store, record, await writing.now());
    else {
      const bytes = Buffer.from(`text ${text}`);
      const dataset = await store.publishFiles('dataset', [{ path: 'text', digest: sha256(bytes), size: bytes.length, source: { bytes } }]); // prettier-ignore
      await writing.assertHeld();
      await writeStep(store, { key, step: 'sample', outputs: { dataset }, report: {}, statement: sha256('said') });
    }
    await store.writeName(documentOf(text), { steps: { sample: { key } } });
  });
}

/** @returns how many files were collected, and put back, in so many rounds */
async function play(objects: ObjectStore, count: number, seed: number): Promise<{ deleted: number; kept: number }> {
  const roll = dice(seed);
  const plain = new ContentStore(objects);
  const slow = new ContentStore(late(objects, roll));
  let [deleted, kept] = [0, 0];
  for (let round = 0; round < count; round++) {
    // somebody lets go of some, before anybody else comes
    for (let text = 0; text < TEXTS; text++) if (roll(2) === 0) await plain.deleteName(documentOf(text));
    const { digest } = await planCollection(plain, { grace: 0 });
    const collecting = (async () => {
      await pause(roll(60));
      for (;;) {
        const done = await collect(slow, digest, { wait: 0, allowShrink: true });
        deleted += done.files;
        kept += done.kept;
        if (done.waitsFor === 0) return;
      }
    })();
    const texts = Array.from({ length: WRITERS }, () => roll(TEXTS));
    await Promise.all([
      collecting,
      ...texts.map(async (text) => {
        await pause(roll(240));
        await write(slow, text);
      }),
    ]);
    for (const text of texts) {
      const { record, damage } = await findStep(plain, stepOf(text), { hashBelow: Infinity });
      if (!record) throw new Error(`round ${round} of seed ${seed}: text ${text} is lost: ${damage ?? 'no record'}`);
    }
  }
  return { deleted, kept };
}

test('on a folder', async () => {
  const { deleted, kept } = await play(openStore(join(root, 'store')), rounds(25), SEED);
  // both happen: the collector is not idle, and not alone
  expect(deleted).toBeGreaterThan(0);
  expect(kept).toBeGreaterThan(0);
}, LIMIT_MS); // prettier-ignore

test('on an S3 server', async () => {
  const objects = openStore(`s3://interleavings/some`, { s3: server.options });
  const { deleted } = await play(objects, rounds(6), SEED);
  expect(deleted).toBeGreaterThan(0);
}, LIMIT_MS); // prettier-ignore
