/** The memo of finished steps: a step is named by the hash of what determines it, and a record of it is believed only after its outputs verify. */
import { z } from 'zod';
import { digestOf, type Digest } from '../common/canonical.js';
import { isHabsburgError } from '../common/errors.js';
import { hexOf, nameKey } from './keys.js';
import { artifactRef, digest } from './shapes.js';
import { restore } from './trash.js';
import type { ArtifactManifest, ArtifactRef, ArtifactStore } from './types.js';
import { HASH_BELOW } from './verified.js';

/** Everything that determines a step's outputs, and nothing else: no time, place, attempt or thread count. */
export interface StepInput {
  /** sample, finetune, generate, score, prepare */
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
const RECORD_SCHEMA = 'habsburg.step/v2';

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
  /** the statement that was made with the outputs; the step may have others (artifacts/statements.ts) */
  readonly statement: Digest;
  /** SHA-256 of the canonical JSON of everything above */
  readonly checksum: Digest;
}

/** What is read back: a record of this step, unchanged since it was written. */
const recordOf = (key: Digest) =>
  z
    .looseObject({
      schema: z.literal(RECORD_SCHEMA, {
        error: `is no ${RECORD_SCHEMA} document, which every step of this version of Habsburg leaves`,
      }),
      key: digest,
      step: z.string(),
      outputs: z.record(z.string(), artifactRef),
      report: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
      statement: digest,
      checksum: digest,
    })
    .refine(({ checksum, ...body }) => checksum === digestOf(body), 'its checksum does not match')
    .refine((record) => record.key === key, 'it belongs to another step');

export const stepName = (key: Digest): string => `steps/${hexOf(key)}`;

/** Writes the record; call after outputs and statement are in the store. Replaces a damaged or equal one. */
export async function writeStep(
  store: ArtifactStore,
  facts: Pick<StepRecord, 'key' | 'step' | 'outputs' | 'report' | 'statement'>,
): Promise<StepRecord> {
  const { key, step, outputs, report, statement } = facts;
  const body = { schema: RECORD_SCHEMA, key, step, outputs, report, statement } as const;
  const record: StepRecord = { ...body, checksum: digestOf(body) };
  await store.writeName(stepName(key), record);
  return record;
}

/** The record as written, or undefined; HabsburgError 'verification' where it is damaged. Outputs are not looked at. */
export function readStep(store: ArtifactStore, key: Digest): Promise<StepRecord | undefined> {
  return store.readName<StepRecord>(stepName(key), recordOf(key));
}

/** A step that was found finished so recently need not say again that it is needed. */
const RENEW_MS = 3600_000;

/**
 * Says that a finished step is relied on now, though no document of a run names it yet: a collector (care/collect.ts) keeps what was
 * made, or found, a while ago.
 * @param now by the store's clock
 */
export async function renewStep(store: ArtifactStore, record: StepRecord, now: number): Promise<void> {
  const there = await store.objects.stat(nameKey(stepName(record.key)));
  if (!there || !(now - there.modified < RENEW_MS)) await store.writeName(stepName(record.key), record);
}

/** A verified hit; or a miss, with the damage where there is a record that must not be believed. */
export type FoundStep =
  { readonly record: StepRecord; readonly damage?: undefined } | { readonly record?: undefined; readonly damage?: string };

/**
 * Looks a finished step up. A hit has its record intact, every output's manifest verified, every blob there with its size, and
 * blobs under `hashBelow` bytes (default 16 MiB) hashed. Throws only where the store cannot be asked.
 * @param options.lacks says what an output lacks of what its kind must hold; undefined: nothing
 */
export async function findStep(
  store: ArtifactStore,
  key: Digest,
  options: { readonly hashBelow?: number; lacks?(name: string, manifest: ArtifactManifest): string | undefined } = {},
): Promise<FoundStep> {
  try {
    const kept = async () => ((await restore(store.objects, nameKey(stepName(key)))) ? readStep(store, key) : undefined);
    const record = (await readStep(store, key)) ?? (await kept());
    if (!record) return {};
    for (const [name, ref] of Object.entries(record.outputs)) {
      const damage = (problem: string) => ({ damage: `${record.step}'s output ${name}: ${problem}` });
      const { problem, manifest } = await store.verify(ref.digest, { deepBelow: options.hashBelow ?? HASH_BELOW });
      if (!manifest) return damage(problem);
      const lack = options.lacks?.(name, manifest);
      if (lack !== undefined) return damage(lack);
    }
    return { record };
  } catch (error) {
    if (isHabsburgError(error) && error.kind === 'verification') return { damage: error.message };
    throw error;
  }
}
