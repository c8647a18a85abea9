/** Whether a store holds what it says: every blob is hashed, every step's outputs and statements are looked at. Changes nothing. */
import { orDamage } from '../artifacts/damage.js';
import { blobKey } from '../artifacts/keys.js';
import { checkStatements, readStatement, statementKey } from '../artifacts/statements.js';
import { readStep, stepName, type StepRecord } from '../artifacts/step-record.js';
import type { ArtifactStore } from '../artifacts/types.js';
import { hashBlob } from '../artifacts/verified.js';
import { mapBounded } from '../common/bounded.js';
import type { Digest } from '../common/canonical.js';
import { takeInventory, type Inventory } from './inventory.js';
import { Reach } from './reach.js';

/** Blobs hashed, and records looked at, at a time. */
const READS = 4;

/** Something in a store that cannot be believed. */
export interface Problem {
  /** the object's key */
  readonly key: string;
  readonly what: string;
  /** experiments that lead to it */
  readonly experiments: readonly string[];
}

export interface Check {
  readonly blobs: number;
  readonly bytes: number;
  readonly steps: number;
  readonly statements: number;
  readonly problems: readonly Problem[];
}

type Found = Omit<Problem, 'experiments'> & { readonly digests: readonly Digest[] };

/** @param progress is told how many bytes of how many are hashed, now and then */
export async function checkStore(
  store: ArtifactStore,
  { progress, signal }: { progress?(done: number, of: number): void; readonly signal?: AbortSignal } = {},
): Promise<Check> {
  const inventory = await takeInventory(store);
  const bytes = [...inventory.blobs.values()].reduce((sum, size) => sum + size, 0);
  let hashed = 0;
  const blobs = await mapBounded([...inventory.blobs], READS, async ([digest, size]): Promise<Found[]> => {
    signal?.throwIfAborted();
    const what = await damageOf(store, digest);
    progress?.((hashed += size), bytes);
    return what === undefined ? [] : [{ key: blobKey(digest), what, digests: [digest] }];
  });
  const bad = new Set(blobs.flat().flatMap(({ digests }) => digests));
  const steps = await mapBounded([...inventory.steps], READS, async ([step, keys]) => {
    signal?.throwIfAborted();
    return stepProblems(store, inventory, bad, step, keys);
  });
  const named = [...inventory.sources.values(), ...inventory.experiments.values(), inventory.names, inventory.statements].flat();
  const documents = await mapBounded(named, READS, async (key) => documentProblem(store, key));
  const found = [...blobs, ...steps, ...documents].flat();
  const all = [...inventory.steps.values(), named].flat();
  return {
    blobs: inventory.blobs.size,
    bytes,
    steps: inventory.steps.size,
    statements: all.filter((key) => STATEMENT.test(key)).length,
    problems: await concerned(store, inventory, found),
  };
}

/** What is wrong with the bytes of a blob; nothing with one that was deleted since it was listed. */
async function damageOf({ objects }: ArtifactStore, digest: Digest): Promise<string | undefined> {
  const found = await orDamage(() => hashBlob(objects, digest));
  return typeof found === 'string' && (await objects.stat(blobKey(digest))) ? found : undefined;
}

const STATEMENT = /^statements\/(.+)\/([0-9a-f]{64})\.json$/;

async function stepProblems(
  store: ArtifactStore,
  inventory: Inventory,
  bad: ReadonlySet<Digest>,
  step: Digest,
  keys: readonly string[],
): Promise<Found[]> {
  const key = keys.find((one) => one.startsWith('names/'));
  // without a record: an attempt that was stopped before its last line, or a record that was lost; its statements stand alone
  if (key === undefined) return (await mapBounded(keys, READS, (one) => documentProblem(store, one))).flat();
  const record = await orDamage(() => readStep(store, step));
  if (typeof record === 'string') return [{ key, what: record, digests: [step] }];
  if (record === undefined) return [];
  const outputs = await outputProblems(store, inventory, bad, record);
  const { damaged, statement } = await checkStatements(store, record);
  return [
    ...outputs.map((what) => ({ key, what: `${record.step}: ${what}`, digests: [step] })),
    ...damaged.map(({ digest, problem }) => ({
      key: statementKey(stepName(step), digest),
      what: problem,
      digests: [step],
    })),
    ...(statement === undefined && damaged.length === 0 ? [{ key, what: `${record.step}: no statement says who made it`, digests: [step] }] : []), // prettier-ignore
  ];
}

/** Files of outputs that are not there, or have another size; what has other bytes was found before. */
async function outputProblems(
  store: ArtifactStore,
  { blobs }: Inventory,
  bad: ReadonlySet<Digest>,
  { outputs }: StepRecord,
): Promise<string[]> {
  const found = await mapBounded(Object.entries(outputs), READS, async ([name, { digest }]) => {
    if (bad.has(digest)) return [];
    if (!blobs.has(digest)) return [`the artifact of its output ${name} is missing, ${digest}`];
    const manifest = await orDamage(() => store.manifest(digest));
    if (typeof manifest === 'string') return [manifest];
    return manifest.files.flatMap((file) => {
      const size = blobs.get(file.digest);
      if (size === file.size || bad.has(file.digest)) return [];
      return [`${name}/${file.path} ${size === undefined ? 'is missing' : `has ${size} bytes in place of ${file.size}`}`];
    });
  });
  return found.flat();
}

async function documentProblem(store: ArtifactStore, key: string): Promise<Found[]> {
  const statement = STATEMENT.exec(key);
  const name = key.replace(/^names\//, '').replace(/\.json$/, '');
  const found = await orDamage<unknown>(() => (statement ? readStatement(store, statement[1], `sha256:${statement[2]}`) : store.readName(name))); // prettier-ignore
  return typeof found === 'string' ? [{ key, what: found, digests: [] }] : [];
}

const EXPERIMENT = /\/experiments\/([^/]+)\//;

async function concerned(store: ArtifactStore, inventory: Inventory, found: readonly Found[]): Promise<Problem[]> {
  if (found.length === 0) return [];
  const reach = await Reach.over(store, inventory);
  const led = new Map<string, ReadonlySet<Digest>>();
  for (const [name, keys] of inventory.experiments) led.set(name, await reach.everything(keys));
  return found.map(({ key, what, digests }) => {
    const own = EXPERIMENT.exec(key)?.[1];
    const experiments = own === undefined ? [...led].filter(([, all]) => digests.some((digest) => all.has(digest))).map(([name]) => name) : [own]; // prettier-ignore
    return { key, what, experiments };
  });
}
