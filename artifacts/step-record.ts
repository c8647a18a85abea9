/** The memo of finished steps: a step is named by the hash of what determines it, and a record of it is believed only after its outputs verify. */
import { digestOf, type Digest } from '../common/canonical.js';
import { HabsburgError, isHabsburgError } from '../common/errors.js';
import { hexOf, isDigest } from './keys.js';
import type { ArtifactRef, ArtifactStore } from './types.js';

/** Everything that determines a step's outputs, and nothing else: no time, place, attempt or thread count. */
export interface StepInput {
  /** sample, finetune, generate, postprocess, score, prepare */
  readonly step: string;
  /** raised when the step's code gives other results for the same input */
  readonly version: number;
  readonly parameters: unknown;
  readonly inputs: Readonly<Record<string, Digest>>;
  readonly seed: number;
  readonly generation: number;
  readonly member: string;
  readonly engineFingerprint: string;
}

const KEY_SCHEMA = 'habsburg.step-key/v1';
const RECORD_SCHEMA = 'habsburg.step/v1';

/** The step's name: SHA-256 of the canonical JSON of its input. Two runs that share a prefix share its keys. */
export function stepKey(input: StepInput): Digest {
  const { step, version, parameters, inputs, seed, generation, member, engineFingerprint } = input;
  return digestOf({
    schema: KEY_SCHEMA,
    step,
    version,
    parameters: parameters ?? null,
    inputs,
    seed,
    generation,
    member,
    engineFingerprint,
  });
}

export interface StepRecord {
  readonly schema: typeof RECORD_SCHEMA;
  readonly key: Digest;
  readonly step: string;
  readonly outputs: Readonly<Record<string, ArtifactRef>>;
  /** small numbers about what happened, for histories and tables */
  readonly report: Readonly<Record<string, string | number | boolean | null>>;
  /** name of the step's statement: `statements/<key hex>` */
  readonly statement: string;
  /** SHA-256 of the canonical JSON of everything above */
  readonly checksum: Digest;
}

/** Files below this size are hashed before a record is believed; of larger ones existence and size are checked, the hash at the next read. */
const HASH_BELOW = 16 * 1024 * 1024;

export const stepName = (key: Digest): string => `steps/${hexOf(key)}`;
export const statementName = (key: Digest): string => `statements/${hexOf(key)}`;

/** Writes the record; call after outputs and statement are in the store. Replaces a damaged or equal one. */
export async function writeStep(
  store: ArtifactStore,
  facts: Pick<StepRecord, 'key' | 'step' | 'outputs' | 'report'>,
): Promise<StepRecord> {
  const { key, step, outputs, report } = facts;
  const body = { schema: RECORD_SCHEMA, key, step, outputs, report, statement: statementName(key) } as const;
  const record: StepRecord = { ...body, checksum: digestOf(body) };
  await store.writeName(stepName(key), record);
  return record;
}

/** The record as written, or undefined; HabsburgError 'verification' where it is damaged. Outputs are not looked at. */
export async function readStep(store: ArtifactStore, key: Digest): Promise<StepRecord | undefined> {
  const record = await store.readName<StepRecord>(stepName(key));
  if (record === undefined) return undefined;
  const wrong = (what: string) =>
    new HabsburgError(
      'verification',
      `the record names/${stepName(key)}.json in ${store.objects.url} ${what}; delete it and run again, the step is then done anew`,
    );
  if (typeof record !== 'object' || record === null || record.schema !== RECORD_SCHEMA)
    throw wrong(`is no ${RECORD_SCHEMA} document`);
  const { checksum, ...body } = record;
  if (checksum !== digestOf(body)) throw wrong('is damaged: its checksum does not match');
  if (record.key !== key) throw wrong(`belongs to another step, ${String(record.key)}`);
  if (!Object.values(record.outputs).every((ref) => isDigest(ref?.digest))) throw wrong('names an output without a digest');
  return record;
}

/** A verified hit; or a miss, with the damage where there is a record that must not be believed. */
export type FoundStep =
  { readonly record: StepRecord; readonly damage?: undefined } | { readonly record?: undefined; readonly damage?: string };

/**
 * Looks a finished step up. A hit has its record intact, every output's manifest verified, every blob there with its size, and
 * blobs under `hashBelow` bytes (default 16 MiB) hashed. Throws only where the store cannot be asked.
 */
export async function findStep(
  store: ArtifactStore,
  key: Digest,
  options: { readonly hashBelow?: number } = {},
): Promise<FoundStep> {
  try {
    const record = await readStep(store, key);
    if (!record) return {};
    for (const [name, ref] of Object.entries(record.outputs)) {
      const { ok, problem } = await store.verify(ref.digest, { deepBelow: options.hashBelow ?? HASH_BELOW });
      if (!ok) return { damage: `${record.step}'s output ${name}: ${problem}` };
    }
    return { record };
  } catch (error) {
    if (isHabsburgError(error) && error.kind === 'verification') return { damage: error.message };
    throw error;
  }
}
