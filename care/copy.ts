/**
 * A store, or what one experiment leads to, in another place: files first, every one hashed where it came from and where it has come to, then
 * statements, keys and the log, then documents, those that lead to others last. Broken off at any moment and begun again it goes on, and
 * whoever reads the other store meanwhile sees no document whose files are not there.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { orDamage } from '../artifacts/damage.js';
import { blobKey } from '../artifacts/keys.js';
import { keysUnder } from '../artifacts/keys-under.js';
import { BATCHES, readLog } from '../artifacts/log.js';
import { QUEUE, STATEMENTS, queuedKey } from '../artifacts/statements.js';
import type { ArtifactStore, ObjectStore } from '../artifacts/types.js';
import { getKept } from '../artifacts/trash.js';
import { download, hashBlob } from '../artifacts/verified.js';
import { whileWriting } from '../artifacts/writers.js';
import { mapBounded } from '../common/bounded.js';
import type { Digest } from '../common/canonical.js';
import { HabsburgError } from '../common/errors.js';
import { takeInventory, type Inventory } from './inventory.js';
import { Reach } from './reach.js';

const COPIES = 4;
const SMALL = 32;
/** A document larger than this is none. */
const LIMIT = 256 * 1024 * 1024;

export interface Copied {
  readonly files: number;
  readonly bytes: number;
  /** files that were there already, whole */
  readonly there: number;
  readonly statements: number;
  readonly documents: number;
  /** keys of documents that the other store has, and says something else in; they stay as they are */
  readonly kept: readonly string[];
  /** files that cannot be had, and what is wrong with them; of a source whose bytes were not kept none is asked for */
  readonly lost: readonly { readonly digest: Digest; readonly what: string }[];
  /** whether the log came along, or the statements were queued for the log that the other store has */
  readonly log: 'copied' | 'queued' | 'none';
}

/**
 * @param options.experiment all of it that this experiment leads to; absent: the whole store
 * @throws 'notFound' where there is no such experiment; 'verification' where a file did not arrive as it was sent
 */
export async function copyStore(
  source: ArtifactStore,
  target: ArtifactStore,
  options: {
    readonly experiment?: string;
    readonly signal?: AbortSignal;
    progress?(bytes: number, of: number): void;
  } = {},
): Promise<Copied> {
  const inventory = await takeInventory(source);
  const chosen = await choose(source, inventory, options.experiment);
  const total = chosen.blobs.reduce((sum, digest) => sum + (inventory.blobs.get(digest) ?? 0), 0);
  const scratch = await mkdtemp(join(tmpdir(), 'habsburg-copy-'));
  try {
    return await whileWriting(target, chosen.blobs, async () => {
      let [bytes, there, done] = [0, 0, 0];
      const lost: { digest: Digest; what: string }[] = [];
      await mapBounded(chosen.blobs, COPIES, async (digest) => {
        options.signal?.throwIfAborted();
        const size = inventory.blobs.get(digest)!;
        if (await isWhole(target.objects, digest, size)) there++;
        else {
          const what = await copyBlob(source.objects, target.objects, digest, join(scratch, digest.slice('sha256:'.length)));
          if (what === undefined) bytes += size;
          else lost.push({ digest, what });
        }
        options.progress?.((done += size), total);
      });
      const statements = await copyAll(source.objects, target.objects, [...chosen.keys, ...chosen.statements], 'same');
      const log = await copyLog(source.objects, target, chosen.statements);
      const documents = await copyAll(source.objects, target.objects, chosen.documents, 'keep');
      const files = chosen.blobs.length - there - lost.length;
      return { files, bytes, there, statements: statements.copied, documents: documents.copied, kept: documents.kept, lost, log };
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

interface Chosen {
  readonly blobs: readonly Digest[];
  readonly keys: readonly string[];
  readonly statements: readonly string[];
  /** in the order in which they are to be written */
  readonly documents: readonly string[];
}

async function choose(store: ArtifactStore, inventory: Inventory, experiment: string | undefined): Promise<Chosen> {
  const { objects } = store;
  const keys = await keysUnder(objects, 'keys/');
  const split = (all: readonly string[]) => ({
    statements: all.filter((key) => key.startsWith(STATEMENTS)),
    documents: inOrder(all.filter((key) => !key.startsWith(STATEMENTS))),
  });
  const removed = await keysUnder(objects, 'names/removed/');
  if (experiment === undefined) {
    const { steps, sources, experiments, names, statements } = inventory;
    const all = [...steps.values(), ...sources.values(), ...experiments.values(), names, statements, removed].flat();
    return { blobs: [...inventory.blobs.keys()], keys, ...split(all) };
  }
  const own = inventory.experiments.get(experiment);
  if (!own)
    throw new HabsburgError(
      'notFound',
      `no experiment in ${objects.url} is called ${experiment}; habsburg store usage lists them`,
    );
  const reach = await Reach.over(store, inventory);
  const led = await reach.everything(own);
  const about = [...inventory.steps, ...inventory.sources].filter(([digest]) => led.has(digest)).flatMap(([, found]) => found);
  // about an artifact of it: a share, what was proven of its records, a failed attempt
  const others = inventory.statements.filter(
    (key) => led.has(`sha256:${key.split('/')[2]}`) || key.startsWith(`${STATEMENTS}keys/`),
  );
  return {
    blobs: [...led].filter((digest) => inventory.blobs.has(digest)),
    keys,
    ...split([...own, ...about, ...others, ...removed]),
  };
}

/** Who finds a document finds what it leads to: the newest plan's name is written last, steps before what names them. */
function inOrder(documents: readonly string[]): string[] {
  const rank = (key: string) => (key.endsWith('/latest.json') ? 2 : key.startsWith('names/experiments/') ? 1 : 0);
  return [...documents].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

async function isWhole(objects: ObjectStore, digest: Digest, size: number): Promise<boolean> {
  const found = await objects.stat(blobKey(digest));
  return found?.size === size && typeof (await orDamage(() => hashBlob(objects, digest))) !== 'string';
}

/** What is wrong with the file where it comes from; undefined: it has arrived. */
async function copyBlob(source: ObjectStore, target: ObjectStore, digest: Digest, path: string): Promise<string | undefined> {
  const key = blobKey(digest);
  try {
    const what = await orDamage(async () => {
      const stream = (await getKept(source, key)) as AsyncIterable<Uint8Array>;
      const found = await download(stream, path, `reading ${key} from ${source.url}`);
      if (found.digest !== digest) throw new HabsburgError('verification', `its bytes have the hash ${found.digest}`);
    });
    if (typeof what === 'string') return what;
    await target.put(key, { file: path });
    const arrived = await orDamage(() => hashBlob(target, digest));
    if (typeof arrived === 'string')
      throw new HabsburgError('verification', `${key} did not arrive in ${target.url} as it was sent: ${arrived}`);
    return undefined;
  } finally {
    await rm(path, { force: true });
  }
}

/** @param otherwise what is to be done where the target says something else: `same` names have one content, so it is damaged there */
async function copyAll(source: ObjectStore, target: ObjectStore, keys: readonly string[], otherwise: 'same' | 'keep') {
  const kept: string[] = [];
  let copied = 0;
  // documents in order: one leads to those before it
  await mapBounded(keys, otherwise === 'keep' ? 1 : SMALL, async (key) => {
    const read = (objects: ObjectStore) => orDamage(() => objects.read(key, LIMIT));
    const bytes = await read(source);
    if (typeof bytes === 'string') return; // taken away since it was listed
    const there = (await target.stat(key)) && (await read(target));
    if (there instanceof Buffer && there.equals(bytes)) return;
    if (there !== undefined && otherwise === 'keep') return void kept.push(key);
    await target.put(key, { bytes });
    copied++;
  });
  return { copied, kept };
}

/** A log of the target's own is not mixed with another: what has come is queued for it. One that this has grown from grows on. */
async function copyLog(source: ObjectStore, to: ArtifactStore, statements: readonly string[]): Promise<Copied['log']> {
  const target = to.objects;
  const batches = await keysUnder(source, BATCHES);
  const there = await keysUnder(target, BATCHES);
  for (const key of there) {
    const own = await target.read(key, LIMIT);
    const theirs = batches.includes(key) && (await source.read(key, LIMIT));
    if (theirs && own.equals(theirs)) continue;
    const { entries } = await readLog(to);
    const waiting = statements.filter((statement) => !entries.has(statement));
    await mapBounded(waiting, SMALL, (statement) => target.put(queuedKey(statement), { bytes: Buffer.alloc(0) }));
    return 'queued';
  }
  await copyAll(source, target, [...batches, ...(await keysUnder(source, QUEUE))], 'same');
  return batches.length > 0 ? 'copied' : 'none';
}
