/**
 * What is to be collected: a plan, kept in the store under the digest of what it says. Whoever applies it names that digest, and gets what
 * was looked at before: less, where something is needed by then, and never more.
 */
import { z } from 'zod';
import { hexOf } from '../artifacts/keys.js';
import { keysUnder } from '../artifacts/keys-under.js';
import { digest } from '../artifacts/shapes.js';
import type { ArtifactStore } from '../artifacts/types.js';
import { mapBounded } from '../common/bounded.js';
import { digestOf, type Digest } from '../common/canonical.js';
import { HabsburgError } from '../common/errors.js';
import { storeTime } from './clock.js';
import { takeInventory } from './inventory.js';
import { mark, type Marked } from './mark.js';
import { experimentsToDrop, type Retention } from './retention.js';

const SCHEMA = 'habsburg.collection/v1';
const ROOT = 'gc/plans/';
const LAST = 'gc/last';
const READS = 32;
/** A plan that nobody applied. */
const STALE_MS = 30 * 24 * 3600_000;

const amount = z.object({ files: z.number(), bytes: z.number() });

const collectionDocument = z.object({
  schema: z.literal(SCHEMA),
  /** when it was made, by the store's clock */
  made: z.string(),
  /** what is younger stays, in ms */
  grace: z.number(),
  /** whose documents go */
  experiments: z.array(z.string()),
  /** files that nothing leads to, by digest, in order */
  files: z.array(digest),
  /** of these, in bytes */
  bytes: z.number(),
  /** steps whose checkpoints are left over */
  checkpoints: z.array(digest),
  /** keys of leases and marks of whoever was killed */
  leftovers: z.array(z.string()),
  /** what documents lead to */
  live: amount,
  /** what they led to the last time; absent: it is the first */
  before: amount.optional(),
});
export type Collection = Omit<z.infer<typeof collectionDocument>, 'schema'>;

export interface CollectionPolicy extends Retention {
  /** ms */
  readonly grace: number;
}

/** Whether so much less is led to than the last time that something may have been misread. */
export const shrunk = ({ live, before, files }: Pick<Collection, 'live' | 'before' | 'files'>): boolean =>
  files.length > 0 && (live.files === 0 || (before !== undefined && live.files < before.files / 2));

const nameOf = (plan: Digest): string => `${ROOT}${hexOf(plan)}`;

/** Changes nothing but that the plan is written down. @throws as `mark` */
export async function planCollection(
  store: ArtifactStore,
  policy: CollectionPolicy,
): Promise<{ readonly digest: Digest; readonly plan: Collection }> {
  const now = await storeTime(store.objects);
  const inventory = await takeInventory(store);
  const experiments = await experimentsToDrop(store, inventory, policy, now);
  const marked = await mark(store, { without: new Set(experiments), since: now - policy.grace });
  const files = marked.dead.filter((one) => marked.inventory.modified.get(one)! <= now - policy.grace).sort();
  const plan: Collection = {
    made: new Date(now).toISOString(),
    grace: policy.grace,
    experiments,
    files,
    bytes: sum(files.map((one) => marked.inventory.blobs.get(one)!)),
    checkpoints: await oldCheckpoints(store, now - policy.grace),
    leftovers: await oldKeys(store, ['names/leases/', 'writers/'], now - policy.grace, /^names|\.lapsed$/),
    live: liveOf(marked),
    before: await lastLive(store),
  };
  await forgetOld(store, now);
  const { before, ...rest } = plan;
  const document = { schema: SCHEMA, ...rest, ...(before === undefined ? {} : { before }) };
  const digest = digestOf(document);
  await store.writeName(nameOf(digest), document);
  return { digest, plan };
}

/** @throws 'notFound', and 'verification' where it is not what its digest says */
export async function readCollection(store: ArtifactStore, digits: string): Promise<{ digest: Digest; plan: Collection }> {
  const hex = digits.replace(/^sha256:/, '');
  const found: string[] = [];
  if (/^[0-9a-f]{8,64}$/.test(hex)) for await (const name of store.listNames(`${ROOT}${hex}`)) found.push(name);
  if (found.length !== 1)
    throw new HabsburgError(
      found.length > 1 ? 'invalid' : 'notFound',
      `${store.objects.url} has ${found.length > 1 ? 'several plans that begin with' : 'no plan'} ${digits}; habsburg store gc makes one and says its digest (8 digits or more of it)`,
    );
  const document = await store.readName(found[0], collectionDocument);
  const digest: Digest = `sha256:${found[0].slice(ROOT.length)}`;
  if (!document || digestOf(document) !== digest)
    throw new HabsburgError(
      'verification',
      `the plan ${digits} was changed since it was made; make another with habsburg store gc`,
    );
  const { schema: _, ...plan } = document;
  return { digest, plan };
}

/** What documents lead to. */
export function liveOf({ inventory: { blobs }, live }: Marked): { files: number; bytes: number } {
  const there = [...blobs].filter(([digest]) => live.has(digest));
  return { files: there.length, bytes: sum(there.map(([, size]) => size)) };
}

export async function writeLast(store: ArtifactStore, live: Collection['live']): Promise<void> {
  await store.writeName(LAST, live);
}

const lastLive = (store: ArtifactStore) => store.readName(LAST, amount);

/** Keys under prefixes of objects that were put by then. */
async function oldKeys({ objects }: ArtifactStore, prefixes: readonly string[], then: number, which: RegExp): Promise<string[]> {
  const keys: string[] = [];
  for (const prefix of prefixes) for await (const key of objects.list(prefix)) if (which.test(key)) keys.push(key);
  const found = await mapBounded(keys, READS, (key) => objects.stat(key));
  return keys.filter((_, i) => found[i] && found[i].modified <= then);
}

/** Steps of which everything about their checkpoint is old: the step was finished, or its run given up. */
async function oldCheckpoints(store: ArtifactStore, then: number): Promise<Digest[]> {
  const places = ['names/checkpoints/', 'checkpoints/'];
  const stepIn = /checkpoints\/([0-9a-f]{64})(?:\.json$|\/)/;
  const steps = async (keys: Iterable<string>) => new Set([...keys].flatMap((key) => stepIn.exec(key)?.[1] ?? []));
  const all = (await Promise.all(places.map((place) => keysUnder(store.objects, place)))).flat();
  const old = new Set(await oldKeys(store, places, then, stepIn));
  const young = await steps(all.filter((key) => !old.has(key)));
  return [...(await steps(old))].filter((hex) => !young.has(hex)).map((hex): Digest => `sha256:${hex}`).sort(); // prettier-ignore
}

async function forgetOld(store: ArtifactStore, now: number): Promise<void> {
  for (const key of await oldKeys(store, [`names/${ROOT}`], now - STALE_MS, /\.json$/)) await store.objects.delete(key);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
