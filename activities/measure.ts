/** The heavy part of scores, for a thread of its own: reads what an evaluation asked for, and computes it. What was read once is kept. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../common/canonical.js';
import { TRUTH_FILE } from '../data/grammar.js';
import { readTable } from '../data/table.js';
import { evaluationOf } from '../evaluations/index.js';
import { sizeOf, valuesOf } from '../evaluations/size.js';
import { isOfTraining, trainingValues } from '../evaluations/training.js';
import type { EvaluationInput, ObservedTable, Pictures, RecordsRole, Settings, Texts, Truth } from '../evaluations/types.js';
import { rolesOf, tableName } from '../evaluations/types.js';
import { continuations } from '../evaluations/continuations.js';
import { readImages } from '../pool/images.js';
import { readAllRecords } from '../pool/records.js';
import { SCORES_SCHEMA, type ScoresDocument } from '../spec/results.js';

/** images kept for the report */
const PICTURES = 20;

/** What an evaluation asked for. */
export interface Given {
  /** by role, by tableName, and `truth`; without a folder: what was read already */
  readonly read: Readonly<Record<string, { readonly digest: Digest; readonly folder?: string }>>;
  readonly tokenTypes: EvaluationInput['tokenTypes'];
}

export interface Measurement {
  readonly evaluation: { readonly name: string; readonly variant: string };
  readonly settings: Settings;
  /** digest of what the values are about */
  readonly subject: Digest;
  readonly given: Given;
}

const known = new Map<Digest, Promise<unknown>>();

/** Lets go of what was read. */
export function forget(): void {
  known.clear();
}

export async function measure({ evaluation: named, settings, subject, given }: Measurement): Promise<ScoresDocument> {
  const evaluation = evaluationOf(named);
  const input = await inputOf(evaluation, given);
  const ofTraining = isOfTraining(settings);
  const values = valuesOf(evaluation, input, settings);
  const { samples = [], pictures } = evaluation.examples?.(input) ?? {};
  return {
    schema: SCORES_SCHEMA,
    values: (ofTraining ? trainingValues(values) : values).map((value) => ({
      ...value,
      settings: { ...value.settings },
      subject,
    })),
    // the page's histograms are of what was written
    histograms: (ofTraining ? [] : (evaluation.series?.(input, sizeOf(settings).own) ?? [])).map(
      ({ metric, edges, counts, below, above, n }) => ({
        name: metric,
        edges: [...edges],
        counts: [...counts],
        below,
        above,
        n,
      }),
    ),
    samples: [...samples],
    ...(pictures === undefined ? {} : { pictures }),
  };
}

async function inputOf({ of, needs }: ReturnType<typeof evaluationOf>, { read, tokenTypes }: Given): Promise<EvaluationInput> {
  const once = async <T>(name: string, how: (folder: string) => Promise<T>): Promise<T> => {
    const { digest, folder } = read[name];
    const value = (known.get(digest) as Promise<T> | undefined) ?? how(folder!);
    known.set(digest, value);
    try {
      return await value;
    } catch (error) {
      known.delete(digest);
      throw error;
    }
  };
  const records: Partial<Record<RecordsRole, Texts>> = {};
  const tables: Record<string, ObservedTable> = {};
  if (of === 'texts') for (const role of rolesOf(needs)) records[role] = await once(role, textsIn);
  for (const name of (needs.observations ?? []).map(tableName)) tables[name] = await once(name, readTable);
  return {
    records,
    tokenTypes,
    tables,
    references: needs.references && continuations(records.generated!, records.prompts!),
    truth: needs.truth && (await once('truth', truthIn)),
    pictures: of === 'images' && needs.records ? await once('generated', picturesIn) : undefined,
  };
}

async function textsIn(folder: string): Promise<Texts> {
  const records = await readAllRecords(folder);
  return {
    ids: records.map(({ id }) => id),
    texts: records.map(({ text }) => text),
    tokens: records.map(({ tokens, prompt }) => (prompt === undefined ? tokens : tokens.slice(prompt.tokens))),
    prompts: records.map(({ origin }) => (origin.kind === 'generated' ? origin.prompt : undefined)),
    written: records.map(({ origin }) => origin.kind === 'generated'),
    openings: records.map(({ prompt }) => prompt?.text),
  };
}

async function truthIn(folder: string): Promise<Truth> {
  return JSON.parse(await readFile(join(folder, TRUTH_FILE), 'utf8')) as Truth;
}

async function picturesIn(folder: string): Promise<Pictures> {
  const { count, height, width, pixels } = await readImages(folder);
  const kept = Math.min(count, PICTURES);
  return { count: kept, height, width, pixels: Buffer.from(pixels.subarray(0, kept * height * width)).toString('base64') };
}
