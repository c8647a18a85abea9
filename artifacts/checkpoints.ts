/**
 * Checkpoints of a running step: files under checkpoints/<step key>/<their hash>, and one small document that names the newest set.
 * Files that the previous checkpoint already holds are not sent again, so a growing set of shards costs only the new ones.
 */
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { Digest } from '../common/canonical.js';
import { fromSystemError, HabsburgError, isHabsburgError } from '../common/errors.js';
import { again } from './again.js';
import { isDamage } from './damage.js';
import { filesOf, intoFolder } from './folders.js';
import { hexOf } from './keys.js';
import { artifactFile } from './shapes.js';
import type { ArtifactFile, ArtifactStore } from './types.js';
import { download, measureFile } from './verified.js';

const SCHEMA = 'habsburg.checkpoint/v1';

/** Small numbers about the checkpoint: step, epoch, records so far … */
export type CheckpointFacts = Readonly<Record<string, string | number | boolean | null>>;

interface Pointer {
  readonly schema: typeof SCHEMA;
  readonly key: Digest;
  readonly files: readonly ArtifactFile[];
  readonly facts: CheckpointFacts;
}

export type LoadedCheckpoint =
  { readonly facts: CheckpointFacts; readonly damage?: undefined } | { readonly facts?: undefined; readonly damage?: string };

const pointerName = (key: Digest): string => `checkpoints/${hexOf(key)}`;
const objectKey = (key: Digest, file: Digest): string => `checkpoints/${hexOf(key)}/${hexOf(file)}`;

const pointerOf = (key: Digest): z.ZodType<Pointer> =>
  z.object({
    schema: z.literal(SCHEMA),
    key: z.literal(key),
    files: z.array(artifactFile),
    facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  });

/** A damaged pointer counts as none: the step then starts again, which is always right. */
async function lastPointer(store: ArtifactStore, key: Digest): Promise<{ pointer?: Pointer; damage?: string }> {
  try {
    return { pointer: await store.readName(pointerName(key), pointerOf(key)) };
  } catch (error) {
    if (isHabsburgError(error) && error.kind === 'verification') return { damage: error.message };
    throw error;
  }
}

/**
 * Makes `folder`'s files the step's checkpoint. A crash at any moment leaves the previous checkpoint or this one.
 * @returns how many bytes were sent
 */
export async function saveCheckpoint(
  store: ArtifactStore,
  key: Digest,
  folder: string,
  facts: CheckpointFacts = {},
): Promise<{ sentBytes: number }> {
  const { pointer: previous } = await lastPointer(store, key);
  const held = new Map(previous?.files.map((file) => [file.digest, file.size]));
  const files: ArtifactFile[] = [];
  let sentBytes = 0;
  for (const path of await filesOf(folder)) {
    const file = { path, ...(await measureFile(join(folder, path))) };
    files.push(file);
    if (held.has(file.digest)) continue;
    await store.objects.put(objectKey(key, file.digest), { file: join(folder, path) });
    held.set(file.digest, file.size);
    sentBytes += file.size;
  }
  await store.writeName(pointerName(key), { schema: SCHEMA, key, files, facts } satisfies Pointer);
  const kept = new Set(files.map((file) => file.digest));
  for (const digest of new Set(previous?.files.map((file) => file.digest))) {
    if (!kept.has(digest)) await store.objects.delete(objectKey(key, digest));
  }
  return { sentBytes };
}

/**
 * Downloads the newest checkpoint into `folder` (created; absent or empty before), verifying each file while streaming.
 * @returns its facts; or nothing, with the damage where there was a checkpoint that must not be believed (it is removed)
 */
export async function loadCheckpoint(store: ArtifactStore, key: Digest, folder: string): Promise<LoadedCheckpoint> {
  const { pointer, damage } = await lastPointer(store, key);
  if (!pointer) {
    if (damage !== undefined) await clearCheckpoint(store, key);
    return { damage };
  }
  try {
    await intoFolder(folder, async (temporary) => {
      for (const file of pointer.files) {
        const target = join(temporary, file.path);
        await mkdir(dirname(target), { recursive: true });
        await again('reading the checkpoint', () => fetchFile(store, key, file, target));
      }
    });
    return { facts: pointer.facts };
  } catch (error) {
    const known = fromSystemError(error, 'reading the checkpoint');
    if (!isDamage(known)) throw known;
    // away with it: the step will write the same files again, and must not take the damaged ones for sent
    await clearCheckpoint(store, key);
    return { damage: known.message };
  }
}

async function fetchFile(store: ArtifactStore, key: Digest, file: ArtifactFile, target: string): Promise<void> {
  await rm(target, { force: true }); // of an earlier look
  const { url } = store.objects;
  const stream = await store.objects.get(objectKey(key, file.digest));
  const from = `reading the checkpoint's ${file.path} from ${url}`;
  const found = await download(stream as AsyncIterable<Uint8Array>, target, from, file.size);
  if (found.digest !== file.digest) throw new HabsburgError('verification', `the checkpoint's ${file.path} is damaged in ${url}`);
}

/** Removes the step's checkpoint and whatever a killed writer left beside it; after the step's record is written. */
export async function clearCheckpoint(store: ArtifactStore, key: Digest): Promise<void> {
  await store.deleteName(pointerName(key));
  const keys: string[] = [];
  for await (const object of store.objects.list(`checkpoints/${hexOf(key)}/`)) keys.push(object);
  for (const object of keys) await store.objects.delete(object);
}
