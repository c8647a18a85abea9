/**
 * An observation: what an instrument reads off every record of a dataset, kept as a table (a row a record) that is never computed
 * twice. Evaluations are pure functions of such tables. One file each; it runs in the engine's process, so it may load models.
 */
import type { z } from 'zod';
import type { Device } from '../engine/devices.js';
import type { ColumnType, Table } from '../data/table.js';

export interface ObservationJob {
  /** folder of the dataset whose records are looked at */
  readonly data: string;
  /** folder of the model that looks, where the instrument is one */
  readonly model: string;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** What the engine's process offers, whatever runs in it. */
export interface ObservationIo {
  readonly threads: number;
  readonly device?: Device;
}

/** What is known of an observation without loading anything: its row in index.ts. */
export interface Declared {
  /** which records it can look at */
  readonly of: string;
  /** one sentence: what a row says, in which unit */
  readonly summary: string;
  /** detector: what looks is no model of the loop, but learned from what one wrote (activities/detector.ts) */
  readonly by?: 'detector';
  /** what looks is no model at all: whichever is named, the table is the same */
  readonly modelFree?: true;
  /** the columns that every table of it has, beside `record`, the record's id; absent: as many numbers as the model's code or vector has */
  readonly columns?: Readonly<Record<string, ColumnType>>;
  /** and those of text; absent: none */
  readonly texts?: readonly string[];
}

export interface Instrument {
  /** raised when the same records would be seen otherwise; part of the step's key */
  readonly version: number;
  readonly settings: z.ZodObject;
  /** One row a record, in the dataset's order; where rows are other things, `records` says of each whose it is. */
  run(job: ObservationJob, io: ObservationIo): Promise<Omit<Table, 'records'> & Partial<Pick<Table, 'records'>>>;
}
