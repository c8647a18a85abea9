/**
 * An evaluation (a metric): a pure function with a name, a variant and a version, over records and over what observations saw of
 * them. One file each; what it needs it says, and nothing that it needs is computed twice.
 */
import type { z } from 'zod';
import type { Group } from './groups.js';

/** Values of settings; they go into every result. */
export type Settings = Readonly<Record<string, string | number | boolean>>;

/**
 * Datasets that an evaluation may look at: what model t wrote, what it continued, the real training and test records, and the test set mixed
 * as its training set was, which some members alone have; what model 0 of the same member and seed wrote, and what
 * model t was trained on.
 */
export type RecordsRole = 'generated' | 'prompts' | 'real' | 'test' | 'mixed' | 'written0' | 'training';

/**
 * An observation (observations/): of which records, and under which model: t, 0 of the same member and seed, or the sentence encoder that the
 * metric's settings name.
 */
export interface ObservationRef {
  readonly observation: string;
  readonly of: RecordsRole;
  readonly under: 'self' | 'first' | 'encoder';
  /** settings of the observation that the metric's own settings ask for, before those of the member; absent: none */
  readonly asked?: (settings: Settings) => Settings;
}

/** The name under which an observation's table is handed to a metric, e.g. likelihood/test/self. */
export function tableName({ observation, of, under }: ObservationRef): string {
  return `${observation}/${of}/${under}`;
}

export interface Needs {
  readonly records?: readonly RecordsRole[];
  /** sets of which it is enough to know which token ids occur: they may have more records than fit into memory */
  readonly tokenTypes?: readonly RecordsRole[];
  readonly observations?: readonly ObservationRef[];
  /** the true distribution of a synthetic language */
  readonly truth?: true;
  /** ids of the tokens that a model wrote: numbers of words will not do in their place */
  readonly modelTokens?: true;
  /** what each written text should have been: in experiments how real text goes on behind its prompt (continuations.ts) */
  readonly references?: true;
}

/** Datasets that an experiment gives it: for references, the prompts, too. */
export function rolesOf({ records = [], references }: Needs): readonly RecordsRole[] {
  return references ? [...new Set<RecordsRole>([...records, 'prompts'])] : records;
}

/** Texts in record order. */
export interface Texts {
  /** without a template's prompt */
  readonly tokens: readonly (readonly number[])[];
  readonly texts: readonly string[];
  readonly ids: readonly string[];
  /** of written records: the id of the record that each continues */
  readonly prompts?: readonly (string | undefined)[];
  /** which of them a model wrote; absent: not known */
  readonly written?: readonly boolean[];
  /** of a template's records: the text before the answer */
  readonly openings?: readonly (string | undefined)[];
}

/** A row a record, in the dataset's order; observations/ says what the columns are. */
export interface ObservedTable {
  readonly columns: Readonly<Record<string, ArrayLike<number>>>;
  readonly texts?: Readonly<Record<string, readonly string[]>>;
}

/** A prompt and what the model wrote after it; `record` is the id of the written record. */
export interface Sample {
  readonly prompt: string;
  readonly text: string;
  readonly record: string;
}

/** Grey images of one size: `pixels` is base64 of (count, height, width) bytes, row by row. */
export interface Pictures {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly pixels: string;
}

/** What an evaluation asked for, and nothing else. */
export interface EvaluationInput {
  readonly records: Readonly<Partial<Record<RecordsRole, Texts>>>;
  readonly tokenTypes?: Readonly<Partial<Record<RecordsRole, ReadonlySet<number>>>>;
  /** by tableName */
  readonly tables: Readonly<Record<string, ObservedTable>>;
  readonly truth?: Truth;
  /** of each generated record; one without any is left out */
  readonly references?: readonly (readonly string[])[];
  /** where images were written, the first of them */
  readonly pictures?: Pictures;
}

/** The true distribution of a synthetic language over its words. */
export interface Truth {
  readonly words: readonly string[];
  /** in (0, 1], sum 1; word i has probability p[i] at a random word position */
  readonly probability: readonly number[];
}

/** One number of an evaluation, before it is placed in an experiment. */
export interface ScoreValue {
  readonly metric: string;
  readonly variant: string;
  readonly version: number;
  readonly value: number;
  /** how many observations the value rests on (tokens, records, n-grams: the evaluation's docstring says) */
  readonly n: number;
  readonly settings: Settings;
}

/**
 * A distribution: counts over bins whose edges are fixed by the evaluation's version, so that generations overlay.
 * Bin i is [edges[i], edges[i+1]); counts.length + 1 = edges.length.
 */
export interface ScoreSeries {
  readonly metric: string;
  readonly variant: string;
  readonly version: number;
  readonly edges: readonly number[];
  readonly counts: readonly number[];
  /** observations left and right of all bins */
  readonly below: number;
  readonly above: number;
  /** all observations, those outside the bins too */
  readonly n: number;
}

/** One row of the result schema. */
export interface ScoreRow extends ScoreValue {
  readonly experiment: string;
  readonly run: string;
  readonly condition: string;
  readonly seed: number;
  readonly member: string;
  readonly generation: number;
  /** digest of the artifact that was measured */
  readonly subject: string;
}

export interface Evaluation {
  readonly name: string;
  readonly variant: string;
  readonly version: number;
  /** one sentence for `habsburg metrics` and the report: what it is, its unit and range */
  readonly summary: string;
  readonly higherIsBetter?: boolean;
  /** false: measured where a file names it alone; else wherever the data allow */
  readonly usual?: false;
  /** what it measures: what members of a kind write (kinds/KIND/declare.ts) */
  readonly of: string;
  /** which of a reader's questions it answers */
  readonly group: Group;
  readonly needs: Needs;
  /** every setting has a default */
  readonly settings: z.ZodObject;
  /** variants of its values that a short table shows; none: `habsburg results` and the report alone */
  readonly headline?: readonly string[];
  /** variants of its values that are the mean over texts of what each has by itself: an interval over texts, and tests of two sets, are for them */
  readonly meansOverTexts?: readonly string[];
  /** which artifact the value is about */
  readonly subject: 'model' | 'generated';
  /** Values of a variant `a` are named `a` or `a/…`. None where it is not defined on the input. */
  compute(input: EvaluationInput, settings: Settings): ScoreValue[];
  /** what a library prints beside its score, so that others can compute the same */
  signature?(settings: Settings, pairs: readonly { readonly references: readonly string[] }[]): string;
  /** the distribution behind the values, for histograms */
  series?(input: EvaluationInput, settings: Settings): ScoreSeries[];
  /** what a reader wants to see beside the numbers */
  examples?(input: EvaluationInput): { readonly samples?: readonly Sample[]; readonly pictures?: Pictures };
}

/** Its settings where a file says nothing. */
export function defaultsOf({ settings }: Pick<Evaluation, 'settings'>): Settings {
  return settings.parse({}) as Settings;
}
