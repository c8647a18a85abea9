/** Reads what evaluations ask for from artifacts: each file once for all evaluations of a generation. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactRef } from '../artifacts/types.js';
import type { Digest } from '../common/canonical.js';
import { readImages } from '../pool/images.js';
import { readAllRecords } from '../pool/records.js';
import type { Evaluation, EvaluationInput, ObservedTable, Pictures, RecordsRole, Texts, Truth } from '../evaluations/types.js';
import { tableName } from '../evaluations/types.js';
import { readTable } from '../data/table.js';
import { TRUTH_FILE } from './prepare.js';
import { recordsOf } from './sets.js';
import type { StepContext } from './step.js';

/** images kept for the report */
const PICTURES = 20;

export interface EvaluationInputs {
  /** @param refs artifacts by role, by tableName, and `truth` */
  of(evaluation: Evaluation, refs: Readonly<Record<string, ArtifactRef>>, step: StepContext): Promise<EvaluationInput>;
}

export function evaluationInputs(): EvaluationInputs {
  const read = new Map<Digest, Promise<unknown>>();
  const once = <T>(ref: ArtifactRef, step: StepContext, how: (folder: string) => Promise<T>): Promise<T> => {
    let value = read.get(ref.digest) as Promise<T> | undefined;
    if (!value) {
      value = recordsOf(step, ref).then(how);
      read.set(ref.digest, value);
    }
    return value;
  };
  return {
    async of({ of, needs }, refs, step) {
      const records: Partial<Record<RecordsRole, Texts>> = {};
      const tokenTypes: Partial<Record<RecordsRole, ReadonlySet<number>>> = {};
      const tables: Record<string, ObservedTable> = {};
      if (of === 'texts') for (const role of needs.records ?? []) records[role] = await once(refs[role], step, textsIn);
      for (const role of needs.tokenTypes ?? []) tokenTypes[role] = await typesOf(refs[role], step);
      for (const need of needs.observations ?? []) tables[tableName(need)] = await once(refs[tableName(need)], step, readTable);
      return {
        records,
        tokenTypes,
        tables,
        truth: needs.truth && (await once(refs.truth, step, truthIn)),
        pictures: of === 'images' && needs.records ? await once(refs.generated, step, picturesIn) : undefined,
      };
    },
  };
}

async function textsIn(folder: string): Promise<Texts> {
  const records = await readAllRecords(folder);
  return {
    ids: records.map(({ id }) => id),
    texts: records.map(({ text }) => text),
    tokens: records.map(({ tokens, prompt }) => (prompt === undefined ? tokens : tokens.slice(prompt.tokens))),
    prompts: records.map(({ origin }) => (origin.kind === 'generated' ? origin.prompt : undefined)),
    openings: records.map(({ prompt }) => prompt?.text),
  };
}

/** Of the sets that this process has read last: a run asks for those of its real records in every generation. */
const typesKnown = new Map<Digest, ReadonlySet<number>>();
const MAX_TYPES_KNOWN = 16;

async function typesOf(ref: ArtifactRef, step: StepContext): Promise<ReadonlySet<number>> {
  const known = typesKnown.get(ref.digest);
  if (known) return known;
  const types = await step.thread<ReadonlySet<number>>(new URL('./token-types.js', import.meta.url), 'tokenTypesIn', await recordsOf(step, ref)); // prettier-ignore
  if (typesKnown.size === MAX_TYPES_KNOWN) typesKnown.delete(typesKnown.keys().next().value!);
  typesKnown.set(ref.digest, types);
  return types;
}

async function truthIn(folder: string): Promise<Truth> {
  return JSON.parse(await readFile(join(folder, TRUTH_FILE), 'utf8')) as Truth;
}

async function picturesIn(folder: string): Promise<Pictures> {
  const { count, height, width, pixels } = await readImages(folder);
  const kept = Math.min(count, PICTURES);
  return { count: kept, height, width, pixels: Buffer.from(pixels.subarray(0, kept * height * width)).toString('base64') };
}
