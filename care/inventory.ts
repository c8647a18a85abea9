/** What lies in a store, by what it is: read once, before anything is said about it. Holds names and sizes, never contents. */
import type { ArtifactStore } from '../artifacts/types.js';
import { addTo } from '../common/add-to.js';
import { mapBounded } from '../common/bounded.js';
import type { Digest } from '../common/canonical.js';
import { isHabsburgError } from '../common/errors.js';

/** Objects asked for at a time. */
const READS = 32;
/** A document larger than this is none. */
const LIMIT = 256 * 1024 * 1024;

const BLOB = /^blobs\/sha256\/[0-9a-f]{2}\/([0-9a-f]{64})$/;
const ABOUT_STEP = /^(?:names\/steps\/([0-9a-f]{64})\.json|statements\/steps\/([0-9a-f]{64})\/[0-9a-f]{64}\.json)$/;
const ABOUT_SOURCE = /^statements\/sources\/([0-9a-f]{64})\//;
const ABOUT_EXPERIMENT = /^(?:names|statements)\/experiments\/([^/]+)\//;

export interface Inventory {
  /** bytes of files and manifests, by digest */
  readonly blobs: ReadonlyMap<Digest, number>;
  /** keys of the record of a step and of the statements about it, by the step's key */
  readonly steps: ReadonlyMap<Digest, readonly string[]>;
  /** keys of the statements about a source, by its artifact */
  readonly sources: ReadonlyMap<Digest, readonly string[]>;
  /** keys of documents and statements, by experiment */
  readonly experiments: ReadonlyMap<string, readonly string[]>;
  /** of running steps, in bytes */
  readonly checkpoints: number;
}

export async function takeInventory({ objects }: ArtifactStore): Promise<Inventory> {
  const blobKeys: string[] = [];
  for await (const key of objects.list('blobs/')) if (BLOB.test(key)) blobKeys.push(key);
  const sizes = await mapBounded(blobKeys, READS, async (key) => (await objects.stat(key))?.size);
  // one that was deleted since it was listed is none
  const blobs = new Map(
    blobKeys.flatMap((key, i) => (sizes[i] === undefined ? [] : [[`sha256:${BLOB.exec(key)![1]}` as Digest, sizes[i]] as const])),
  );

  const [steps, sources, experiments] = [new Map<Digest, string[]>(), new Map<Digest, string[]>(), new Map<string, string[]>()];
  for (const prefix of ['names/steps/', 'names/experiments/', 'statements/'])
    for await (const key of objects.list(prefix)) {
      const [step, source, experiment] = [ABOUT_STEP, ABOUT_SOURCE, ABOUT_EXPERIMENT].map((place) => place.exec(key));
      if (step) addTo(steps, `sha256:${step[1] ?? step[2]}`, key);
      else if (source) addTo(sources, `sha256:${source[1]}`, key);
      else if (experiment) addTo(experiments, experiment[1], key);
    }

  const checkpointKeys: string[] = [];
  for await (const key of objects.list('checkpoints/')) checkpointKeys.push(key);
  const checkpoints = await mapBounded(checkpointKeys, READS, async (key) => (await objects.stat(key))?.size ?? 0);
  return { blobs, steps, sources, experiments, checkpoints: checkpoints.reduce((sum, size) => sum + size, 0) };
}

/** Digests that documents name, wherever they stand in them, with `sha256:` or bare. A document that is gone names none. */
export async function digestsIn({ objects }: ArtifactStore, keys: readonly string[]): Promise<Set<Digest>> {
  const found = new Set<Digest>();
  await mapBounded(keys, READS, async (key) => {
    const bytes = await objects.read(key, LIMIT).catch((error: unknown) => {
      if (isHabsburgError(error) && error.kind === 'notFound') return undefined;
      throw error;
    });
    for (const digest of named(bytes?.toString('latin1') ?? '')) found.add(digest);
  });
  return found;
}

const HEX = /(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g;

export function* named(text: string): Iterable<Digest> {
  for (const [hex] of text.matchAll(HEX)) yield `sha256:${hex}`;
}
