/**
 * The log of a store: every statement that was filed in it, in an order that nobody can change afterwards. It is a row of batches,
 * log/batches/00000001.json and on, each with the keys of the statements that it adds and a signed head (C2SP checkpoint) over all entries
 * so far; an entry of the tree is a statement's key, which has the hash of its bytes in it. A batch's name is taken once, so that of several
 * appenders one has it and the others look again. What waits to be added lies under log/queue/ since before it was filed.
 *
 * What it does not give: who has every key can write another log from nothing. A head that was kept elsewhere shows that (`--head`).
 */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson, parseCanonical } from '../common/canonical.js';
import { mapBounded } from '../common/bounded.js';
import { HabsburgError } from '../common/errors.js';
import { openHead, readHead, signedHead, type Head } from '../signing/checkpoint.js';
import type { Signer } from '../signing/envelope.js';
import { MerkleTree, leafHash } from '../signing/merkle.js';
import { again } from './again.js';
import { orDamage } from './damage.js';
import { keysUnder } from './keys-under.js';
import { publishKey, signingKey } from './signing-keys.js';
import { QUEUE, STATEMENTS } from './statements.js';
import type { ArtifactStore } from './types.js';

const SCHEMA = 'habsburg.log-batch/v1';
export const BATCHES = 'log/batches/';
const NAME = /^log\/batches\/(\d{8})\.json$/;
/** A batch larger than this is none; one holds as many statements as waited, MOST at most. */
const LIMIT = 64 * 1024 * 1024;
const MOST = 50_000;
const READS = 16;

const hex = z.string().regex(/^[0-9a-f]{64}$/);
const batchDocument = z.strictObject({
  schema: z.literal(SCHEMA),
  /** keys of statements */
  entries: z.array(z.string().max(900)).min(1).max(MOST),
  /** roots of whole subtrees after them, the largest first */
  frontier: z.array(hex).max(64),
  /** whose signature the head has */
  keyid: hex,
  /** a signed note */
  head: z.string().max(2048),
});
type Batch = z.infer<typeof batchDocument>;

export const batchKey = (n: number): string => `${BATCHES}${String(n).padStart(8, '0')}.json`;
const leafOf = (key: string): Buffer => leafHash(Buffer.from(key, 'utf8'));

/**
 * Adds what waits.
 * @returns how many entries were added
 * @throws 'verification' where the last batch cannot be believed: nothing is put upon it
 */
export async function appendLog(store: ArtifactStore, signer: Signer): Promise<number> {
  const { objects } = store;
  await publishKey(store, signer);
  let added = 0;
  let last = await lastBatch(store);
  for (;;) {
    const waiting = await waitingIn(store, last?.batch);
    const entries = waiting.map(({ entry }) => entry);
    if (entries.length === 0) return added;
    const tree = last ? last.tree : new MerkleTree();
    for (const entry of entries) tree.add(leafOf(entry));
    const origin = last?.head.origin ?? `habsburg/${randomBytes(16).toString('hex')}`;
    const head: Head = { origin, size: tree.count, root: tree.close().root };
    const frontier = tree.frontier.map((one) => one.toString('hex'));
    const batch: Batch = { schema: SCHEMA, entries, frontier, keyid: signer.keyid, head: await signedHead(head, signer) };
    const key = batchKey((last?.n ?? 0) + 1);
    const bytes = Buffer.from(canonicalJson(batch), 'utf8');
    // read again: a store that cannot refuse a taken name must not make two logs of one
    const mine = (await objects.putIfAbsent(key, { bytes })) && (await objects.read(key, LIMIT)).equals(bytes);
    if (mine) {
      added += entries.length;
      await mapBounded(waiting, READS, ({ queued }) => objects.delete(queued));
    }
    last = await lastBatch(store, last?.n ?? 0);
  }
}

/** @param from a batch that is known to be there */
async function lastBatch(store: ArtifactStore, from = 0): Promise<(Opened & { readonly n: number }) | undefined> {
  let n = from;
  if (n === 0) for await (const key of store.objects.list(BATCHES)) n = Math.max(n, Number(NAME.exec(key)?.[1] ?? 0));
  while (await store.objects.stat(batchKey(n + 1))) n++;
  if (n === 0) return undefined;
  return { n, ...(await readBatch(store, n)) };
}

/** What was queued and is filed by now, oldest names first; what the last batch holds already only waits to be taken from the queue. */
async function waitingIn(store: ArtifactStore, last?: Batch): Promise<{ queued: string; entry: string }[]> {
  const { objects } = store;
  const known = new Set(last?.entries);
  const found: { queued: string; entry: string }[] = [];
  for await (const queued of objects.list(QUEUE)) {
    const entry = `${STATEMENTS}${queued.slice(QUEUE.length)}`;
    if (known.has(entry)) await objects.delete(queued);
    else found.push({ queued, entry });
    if (found.length === MOST) break;
  }
  const filed = await mapBounded(found, READS, async ({ entry }) => (await objects.stat(entry)) !== undefined);
  return found.filter((_, i) => filed[i]);
}

interface Opened {
  readonly batch: Batch;
  readonly head: Head;
  /** to go on from */
  readonly tree: MerkleTree;
}

function readBatch(store: ArtifactStore, n: number): Promise<Opened> {
  const { objects } = store;
  const key = batchKey(n);
  return again(`reading ${key} from ${objects.url}`, async () => batchIn(store, await objects.read(key, LIMIT), n));
}

/** What a batch says, as far as it can be checked by itself: all but that its entries have the root. @throws 'verification' */
export async function batchIn(store: ArtifactStore, bytes: Buffer, n: number): Promise<Opened> {
  const where = `${batchKey(n)} in ${store.objects.url}`;
  const wrong = (what: string) => new HabsburgError('verification', `${where} ${what}`);
  const parsed = batchDocument.safeParse(parseCanonical(bytes)?.value);
  if (!parsed.success) throw wrong(`was changed: it is no ${SCHEMA} document in its one form`);
  const batch = parsed.data;
  const signedBy = await signingKey(store, batch.keyid);
  if (!signedBy) throw wrong(`is signed by the key ${batch.keyid}, which the store does not have`);
  const head = openHead(batch.head, signedBy, `the head of ${where}`);
  const frontier = batch.frontier.map((one) => Buffer.from(one, 'hex'));
  const tree = MerkleTree.from(head.size, frontier);
  if (!tree?.close().root.equals(head.root)) throw wrong('was changed: its frontier does not have the root that its head signs');
  return { batch, head, tree };
}

const notItsRoot = ({ objects }: ArtifactStore, n: number) =>
  new HabsburgError(
    'verification',
    `${batchKey(n)} in ${objects.url} was changed: its entries do not have the root that its head signs`,
  );

/** A head of the log, after a batch. */
export interface LogHead extends Head {
  readonly batch: number;
  readonly keyid: string;
  /** as it was signed */
  readonly note: string;
}

export interface Log {
  /** keys of statements, with the place of each in the log; of one that stands there twice the first */
  readonly entries: ReadonlyMap<string, number>;
  /** after each batch, the newest last */
  readonly heads: readonly LogHead[];
  /** the first thing that is wrong: nothing behind it can be checked */
  readonly fault?: string;
  /** statements that were filed and wait to be put into it */
  readonly waiting: number;
}

/** Reads a log from its first entry on, and checks every head. */
export async function readLog(store: ArtifactStore): Promise<Log> {
  const numbers: number[] = [];
  for await (const key of store.objects.list(BATCHES)) numbers.push(Number(NAME.exec(key)?.[1] ?? NaN));
  let waiting = 0;
  for await (const _ of store.objects.list(QUEUE)) waiting++;
  const tree = new MerkleTree();
  const entries = new Map<string, number>();
  const heads: LogHead[] = [];
  const batches = await mapBounded(numbers, READS, (n) =>
    Number.isNaN(n)
      ? Promise.resolve(`${BATCHES} in ${store.objects.url} holds what is no batch`)
      : orDamage(() => readBatch(store, n)),
  );
  for (const [i, found] of batches.entries()) {
    const fault =
      typeof found === 'string' ? found
      : numbers[i] !== i + 1 ? `${batchKey(i + 1)} in ${store.objects.url} is missing: ${batchKey(numbers[i])} follows`
      : undefined; // prettier-ignore
    if (fault !== undefined || typeof found === 'string') return { entries, heads, fault, waiting };
    const { batch, head } = found;
    for (const entry of batch.entries) {
      if (!entries.has(entry)) entries.set(entry, tree.count);
      tree.add(leafOf(entry));
    }
    const { root } = tree.close();
    if (heads.length > 0 && head.origin !== heads[0].origin)
      return { entries, heads, waiting, fault: `${batchKey(i + 1)} in ${store.objects.url} is of another log, ${head.origin}` };
    if (head.size !== tree.count || !head.root.equals(root))
      return { entries, heads, waiting, fault: notItsRoot(store, i + 1).message };
    heads.push({ ...head, batch: i + 1, keyid: batch.keyid, note: batch.head });
  }
  return { entries, heads, waiting };
}

/**
 * What is wrong with a log by a head of it that was kept elsewhere; undefined: it has grown from there.
 * @param note the signed head's text; its signature does not matter, since it lay where its keeper trusts it
 * @throws 'verification' where it is no head
 */
export function parting({ heads }: Pick<Log, 'heads'>, note: string, where: string): string | undefined {
  const kept = readHead(note, where);
  if (heads.length === 0 || heads[0].origin !== kept.origin) return `${where} is the head of another log than this store's`;
  if (heads.at(-1)!.size < kept.size)
    return `the log has ${heads.at(-1)!.size} entries; ${where} was signed when it had ${kept.size}: some were taken away`;
  const same = heads.find(({ size }) => size === kept.size);
  if (same)
    return same.root.equals(kept.root)
      ? undefined
      : `the log's first ${kept.size} entries are others than when ${where} was signed`;
  return `no head of the log has ${kept.size} entries as ${where} has: it was written anew`;
}

/** What stands in a log but not in the store any more. */
export async function missingFrom(store: ArtifactStore, { entries }: Pick<Log, 'entries'>): Promise<string[]> {
  const there = new Set(await keysUnder(store.objects, STATEMENTS));
  return [...entries.keys()].filter((key) => !there.has(key));
}
