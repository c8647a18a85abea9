/** What lies in a store, by what it is: read once, before anything is said about it. Holds names and sizes, never contents. */
import { isDamage } from '../artifacts/damage.js';
import { keysUnder } from '../artifacts/keys-under.js';
import { STATEMENTS } from '../artifacts/statements.js';
import type { ArtifactStore } from '../artifacts/types.js';
import { addTo } from '../common/add-to.js';
import { mapBounded } from '../common/bounded.js';
import type { Digest } from '../common/canonical.js';
import { isHabsburgError } from '../common/errors.js';
import { openEnvelope } from '../signing/envelope.js';

/** Objects asked for at a time. */
const READS = 32;
/** A document larger than this is none. */
const LIMIT = 256 * 1024 * 1024;

const BLOB = /^blobs\/sha256\/[0-9a-f]{2}\/([0-9a-f]{64})$/;
const ABOUT_STEP = /^(?:names\/steps\/([0-9a-f]{64})\.json|statements\/steps\/([0-9a-f]{64})\/[0-9a-f]{64}\.json)$/;
const ABOUT_SOURCE = /^statements\/sources\/([0-9a-f]{64})\//;
const ABOUT_EXPERIMENT = /^(?:names|statements)\/experiments\/([^/]+)\//;
/** Names that say what goes on, and hold nothing that is to be kept. */
const PASSING = /^names\/(?:leases|checkpoints|gc|removed)\//;

export interface Inventory {
  /** bytes of files and manifests, by digest */
  readonly blobs: ReadonlyMap<Digest, number>;
  /** keys of the record of a step and of the statements about it, by the step's key */
  readonly steps: ReadonlyMap<Digest, readonly string[]>;
  /** keys of the statements about a source, by its artifact */
  readonly sources: ReadonlyMap<Digest, readonly string[]>;
  /** keys of documents and statements, by experiment */
  readonly experiments: ReadonlyMap<string, readonly string[]>;
  /** keys of other documents: pins, and what other versions have */
  readonly names: readonly string[];
  /** keys of statements about other things, such as the records of a dataset */
  readonly statements: readonly string[];
  /** when a blob was put, by the store's clock (ObjectStat) */
  readonly modified: ReadonlyMap<Digest, number>;
  /** of running steps, in bytes */
  readonly checkpoints: number;
}

/** Blobs are listed before the documents that may lead to them: what is put meanwhile is not taken for something that nothing leads to. */
export async function takeInventory({ objects }: ArtifactStore): Promise<Inventory> {
  const blobKeys = (await keysUnder(objects, 'blobs/')).filter((key) => BLOB.test(key));
  const found = await mapBounded(blobKeys, READS, (key) => objects.stat(key));
  const [blobs, modified] = [new Map<Digest, number>(), new Map<Digest, number>()];
  for (const [i, key] of blobKeys.entries()) {
    const stat = found[i];
    if (!stat) continue; // deleted since it was listed
    const digest: Digest = `sha256:${BLOB.exec(key)![1]}`;
    blobs.set(digest, stat.size);
    modified.set(digest, stat.modified);
  }

  const [steps, sources, experiments] = [new Map<Digest, string[]>(), new Map<Digest, string[]>(), new Map<string, string[]>()];
  const [names, statements]: [string[], string[]] = [[], []];
  for (const prefix of ['names/', 'statements/'])
    for await (const key of objects.list(prefix)) {
      const [step, source, experiment] = [ABOUT_STEP, ABOUT_SOURCE, ABOUT_EXPERIMENT].map((place) => place.exec(key));
      if (step) addTo(steps, `sha256:${step[1] ?? step[2]}`, key);
      else if (source) addTo(sources, `sha256:${source[1]}`, key);
      else if (experiment) addTo(experiments, experiment[1], key);
      else if (prefix === 'statements/') statements.push(key);
      else if (!PASSING.test(key)) names.push(key);
    }

  const checkpointKeys = await keysUnder(objects, 'checkpoints/');
  const sizes = await mapBounded(checkpointKeys, READS, async (key) => (await objects.stat(key))?.size ?? 0);
  const checkpoints = sizes.reduce((sum, size) => sum + size, 0);
  return { blobs, steps, sources, experiments, names, statements, modified, checkpoints };
}

/**
 * Digests that documents name, wherever they stand in them, with `sha256:` or bare. A document that is gone names none.
 * @param closed is told of statements that are damaged, so that what they name is not known
 */
export async function digestsIn(
  { objects }: ArtifactStore,
  keys: readonly string[],
  closed?: (key: string) => void,
): Promise<Set<Digest>> {
  const found = new Set<Digest>();
  await mapBounded(keys, READS, async (key) => {
    const bytes = await objects.read(key, LIMIT).catch((error: unknown) => {
      if (isHabsburgError(error) && error.kind === 'notFound') return undefined;
      throw error;
    });
    for (const digest of named(bytes ? textOf(key, bytes, closed) : '')) found.add(digest);
  });
  return found;
}

/** Of a statement what was signed; whether it is true is not asked here. */
function textOf(key: string, bytes: Buffer, closed?: (key: string) => void): string {
  if (!key.startsWith(STATEMENTS)) return bytes.toString('latin1');
  try {
    return openEnvelope(bytes, key).payload.toString('latin1');
  } catch (error) {
    if (!isDamage(error)) throw error;
    closed?.(key);
    return bytes.toString('latin1');
  }
}

const HEX = /(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g;

export function* named(text: string): Iterable<Digest> {
  for (const [hex] of text.matchAll(HEX)) yield `sha256:${hex}`;
}
