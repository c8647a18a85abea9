/**
 * Collects by a plan, beside whoever writes, in two passes. The first moves what nothing leads to into the trash (artifacts/trash.ts). The
 * second waits until every writer is over that may have looked up one of these before (artifacts/writers.ts) and so may have named it
 * since; then it looks again what is led to, puts that back, and deletes the rest. Why not less: docs/design.md.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { clearCheckpoint } from '../artifacts/checkpoints.js';
import { blobKey, hexOf, nameKey } from '../artifacts/keys.js';
import { keysUnder } from '../artifacts/keys-under.js';
import { writeRemoved } from '../artifacts/removed.js';
import { digest } from '../artifacts/shapes.js';
import { stepName } from '../artifacts/step-record.js';
import { restore, TRASH, trashKey } from '../artifacts/trash.js';
import type { ArtifactStore } from '../artifacts/types.js';
import { lapsedKey, LAPSE_MS, seenWriter, writerKey, writersOf, type SeenWriter } from '../artifacts/writers.js';
import { unlessDamaged } from '../artifacts/damage.js';
import { mapBounded } from '../common/bounded.js';
import type { Digest } from '../common/canonical.js';
import { HabsburgError } from '../common/errors.js';
import { alone } from './alone.js';
import { storeTime } from './clock.js';
import { liveOf, readCollection, shrunk, writeLast, type Collection } from './collection.js';
import { mark } from './mark.js';
import { documentsOf, lastWritten } from './retention.js';

const STATE = 'gc/state';
const READS = 16;
const POLL_MS = 500;
/** A record larger than this is none. */
const RECORD_LIMIT = 16 * 1024 * 1024;

/** Between the passes. */
const stateDocument = z.object({
  plan: digest,
  /** who wrote when the first pass ended, and may have looked up what it moved; by turns */
  writers: z.array(z.object({ id: z.string(), turn: z.number() })),
});

export interface Collected {
  /** files deleted, and their bytes */
  readonly files: number;
  readonly bytes: number;
  /** of the plan's, those that something led to by then, or that were younger */
  readonly kept: number;
  /** records of steps whose results went */
  readonly steps: number;
  /** writers that the second pass waits for; where there are any, nothing was deleted yet */
  readonly waitsFor: number;
}

export interface CollectOptions {
  /** how long to wait for writers, in ms */
  readonly wait: number;
  /** goes on where much less is led to than the last time */
  readonly allowShrink?: boolean;
  progress?(what: string): void;
  readonly signal?: AbortSignal;
}

/**
 * Applies a plan; again, where writers were in the way the last time, its second pass.
 * @param digits of the plan's digest
 * @throws 'invalid' where another plan's second pass is to be done first, or much less is led to than the last time
 */
export async function collect(store: ArtifactStore, digits: string, options: CollectOptions): Promise<Collected> {
  const { digest, plan } = await readCollection(store, digits);
  return alone(
    store,
    async (assertAlone) => {
      let state = await store.readName(STATE, stateDocument);
      if (state && state.plan !== digest)
        throw new HabsburgError(
          'invalid',
          `another plan is half done; first habsburg store gc --apply ${hexOf(state.plan).slice(0, 12)}`,
        );
      if (!state) {
        await firstPass(store, plan, options, assertAlone);
        const writers = (await writersOf(store.objects)).filter(({ open }) => open).map(({ id, turn }) => ({ id, turn }));
        state = { plan: digest, writers };
        await store.writeName(STATE, state);
      }
      const waitsFor = await untilOver(store, state.writers, options);
      if (waitsFor > 0) return { files: 0, bytes: 0, kept: 0, steps: 0, waitsFor };
      const done = await secondPass(store, digest, plan, options, assertAlone);
      await store.deleteName(STATE);
      return { ...done, waitsFor: 0 };
    },
    options.signal,
  );
}

async function firstPass(
  store: ArtifactStore,
  plan: Collection,
  { allowShrink, progress }: CollectOptions,
  assertAlone: () => Promise<void>,
): Promise<void> {
  const then = (await storeTime(store.objects)) - plan.grace;
  const going = new Set(await unchanged(store, plan));
  const marked = await mark(store, { without: going, since: then });
  const dead = new Set(marked.dead);
  const files = plan.files.filter((file) => dead.has(file) && marked.inventory.modified.get(file)! <= then);
  if (shrunk({ live: liveOf(marked), before: plan.before, files }) && !allowShrink)
    throw new HabsburgError(
      'invalid',
      `nothing is collected in ${store.objects.url}: ${liveOf(marked).files} files are led to by documents, where there were ${plan.before?.files ?? marked.inventory.blobs.size}; look whether all its documents are there (habsburg store usage), and where this is meant give --allow-shrink`,
    );
  for (const experiment of going) {
    await assertAlone();
    for (const key of await documentsOf(store, experiment)) await store.objects.delete(key);
  }
  let moved = 0;
  await mapBounded(files, READS, async (file) => {
    if (moved++ % 100 === 0) await assertAlone();
    progress?.(`${moved} of ${files.length} files moved to the trash`);
    const key = blobKey(file);
    // put again since it was listed: whoever did that writes now
    const there = await store.objects.stat(key);
    if (there && there.modified <= then) await store.objects.move(key, trashKey(key));
  });
}

/** Experiments that go, so far as nobody wrote to them since the plan was made. */
async function unchanged(store: ArtifactStore, { experiments, made }: Collection): Promise<string[]> {
  const same: string[] = [];
  for (const name of experiments)
    if ((await lastWritten(store, await documentsOf(store, name))) <= Date.parse(made)) same.push(name);
  return same;
}

/**
 * Waits until each of these turns is over, or its writer has not counted up for so long that it counts as dead; then it may name nothing.
 * @returns how many are still going on
 */
async function untilOver(
  { objects }: ArtifactStore,
  turns: readonly Pick<SeenWriter, 'id' | 'turn'>[],
  { wait, signal, progress }: CollectOptions,
): Promise<number> {
  const began = performance.now();
  const last = new Map<string, { state: string; since: number }>();
  for (let left = [...turns]; ; await sleep(POLL_MS, undefined, { signal })) {
    const going: typeof left = [];
    for (const one of left) {
      const now = await seenWriter(objects, one.id);
      if (!now || now.turn > one.turn || !now.open) continue;
      const before = last.get(one.id);
      if (before?.state !== now.state) last.set(one.id, { state: now.state, since: performance.now() });
      else if (performance.now() - before.since > LAPSE_MS) {
        // in this order: from the first of these on it names nothing
        await objects.put(lapsedKey(one.id), { bytes: Buffer.from('{}\n') });
        await objects.delete(writerKey(one.id));
        continue;
      }
      going.push(one);
    }
    left = going;
    if (left.length === 0 || performance.now() - began >= wait) return left.length;
    progress?.(`waiting for ${left.length} that write`);
  }
}

async function secondPass(
  store: ArtifactStore,
  digest: Digest,
  plan: Collection,
  { progress }: CollectOptions,
  assertAlone: () => Promise<void>,
): Promise<Omit<Collected, 'waitsFor'>> {
  const { objects } = store;
  const trashed = (await keysUnder(objects, TRASH)).map((key) => key.slice(TRASH.length));
  // after the listing: what lies in the trash now is led to by then, or by nobody who has not missed it
  const now = await storeTime(objects);
  const marked = await mark(store, { without: new Set(), since: now - plan.grace });
  const live = new Set([...marked.live].flatMap((digest) => [blobKey(digest), nameKey(stepName(digest))]));
  const [stay, go] = [trashed.filter((key) => live.has(key)), trashed.filter((key) => !live.has(key))];
  await mapBounded(stay, READS, (key) => putBack(store, key));
  const files = go.filter((key) => key.startsWith('blobs/')).map((key): Digest => `sha256:${key.slice(-64)}`);
  await writeRemoved(store, { plan: digest, at: new Date(now).toISOString(), files });
  let [deleted, bytes] = [0, 0];
  await mapBounded(go, READS, async (key) => {
    if (deleted++ % 100 === 0) await assertAlone();
    progress?.(`${deleted} of ${go.length} files deleted`);
    const size = (await objects.stat(trashKey(key)))?.size ?? 0;
    bytes += size;
    await objects.delete(trashKey(key));
  });
  const steps = await dropRecords(
    store,
    [...marked.inventory.steps.keys()].filter((step) => !marked.live.has(step)),
  );
  await dropLeftovers(store, plan);
  await writeLast(store, liveOf(marked));
  return { files: files.length, bytes, kept: plan.files.length - files.length, steps };
}

/** What somebody sent again meanwhile stays as it was sent. */
async function putBack({ objects }: ArtifactStore, key: string): Promise<void> {
  if (await objects.stat(key)) await objects.delete(trashKey(key));
  else await restore(objects, key);
}

/**
 * Takes away the records of steps whose results are not there any more, so that nobody looks for these; statements stay. Who does such a
 * step anew may write its record at any moment, so it is moved to the trash and looked at there, where nobody writes.
 */
async function dropRecords(store: ArtifactStore, steps: readonly Digest[]): Promise<number> {
  const gone = await mapBounded(steps, READS, async (step) => {
    const key = nameKey(stepName(step));
    if ((await isWhole(store, key)) !== false || !(await store.objects.move(key, trashKey(key)))) return false;
    if (await isWhole(store, trashKey(key))) {
      await putBack(store, key);
      return false;
    }
    await store.objects.delete(trashKey(key));
    return true;
  });
  return gone.filter(Boolean).length;
}

const recordOutputs = z.object({ outputs: z.record(z.string(), z.object({ digest })) });

/** Whether what a record names is there with all its files; undefined where there is no record. */
async function isWhole(store: ArtifactStore, key: string): Promise<boolean | undefined> {
  const { objects } = store;
  if (!(await objects.stat(key))) return undefined;
  const bytes = await objects.read(key, RECORD_LIMIT).catch(unlessDamaged);
  const record = recordOutputs.safeParse(bytes && parsed(bytes));
  for (const { digest } of Object.values(record.data?.outputs ?? {})) {
    const manifest = await store.manifest(digest).catch(unlessDamaged);
    const there = await Promise.all((manifest?.files ?? []).map((file) => objects.stat(blobKey(file.digest))));
    if (!manifest || !there.every(Boolean)) return false;
  }
  return record.success;
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

async function dropLeftovers(store: ArtifactStore, plan: Collection): Promise<void> {
  const busy = (await writersOf(store.objects)).map(({ state }) => state).join();
  for (const step of plan.checkpoints) if (!busy.includes(step)) await clearCheckpoint(store, step);
  for (const key of plan.leftovers) {
    const found = await store.objects.stat(key);
    if (found && found.modified <= Date.parse(plan.made)) await store.objects.delete(key);
  }
}
