/** Dataset records: one JSON object a line in records.jsonl; each says where it comes from. */
import { createReadStream, createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { HabsburgError } from '../common/errors.js';

/** What every record says, whatever it holds. */
export interface RecordHead {
  /** "real/000012", "g3/opt/000012", and of several candidates of a prompt "g3/opt/c1/000012"; unique in what was written */
  readonly id: string;
  readonly origin:
    | { readonly kind: 'real'; readonly source: string }
    | {
        readonly kind: 'generated';
        readonly member: string;
        readonly generation: number;
        /** digest of the model that wrote it */
        readonly model: string;
        /** id of the record it continues; absent where nothing is continued */
        readonly prompt?: string;
        /** of a view's block: the first and the last of the records whose text it holds */
        readonly records?: readonly [string, string];
      };
}

/** A text. */
export interface DataRecord extends RecordHead {
  /** token ids under the dataset's tokenizer */
  readonly tokens: readonly number[];
  /** of the answer alone where there is a prompt */
  readonly text: string;
  /** how many leading tokens are a template's prompt, and their text; absent: none */
  readonly prompt?: { readonly tokens: number; readonly text: string };
}

export const RECORDS_FILE = 'records.jsonl';

/** Reads texts one by one; a broken line is named by file and number. */
export async function* readRecords(file: string): AsyncIterable<DataRecord> {
  for await (const { line, record } of readLines(file)) {
    if (typeof record.id !== 'string' || !Array.isArray((record as Partial<DataRecord>).tokens))
      throw new HabsburgError('verification', `${file}:${line}: a record needs an id and tokens; the dataset is damaged`);
    yield record as DataRecord;
  }
}

/** Reads the heads of records, in order. */
export async function* readHeads(file: string): AsyncIterable<RecordHead> {
  for await (const { line, record } of readLines(file)) {
    if (typeof record.id !== 'string' || typeof record.origin !== 'object')
      throw new HabsburgError('verification', `${file}:${line}: a record needs an id and an origin; the dataset is damaged`);
    yield record as RecordHead;
  }
}

async function* readLines(file: string): AsyncIterable<{ line: number; record: Partial<RecordHead> }> {
  let line = 0;
  for await (const text of createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Infinity })) {
    line++;
    if (text === '') continue;
    let record: Partial<RecordHead> | null;
    try {
      record = JSON.parse(text) as Partial<RecordHead> | null;
    } catch (cause) {
      throw new HabsburgError('verification', `${file}:${line}: not a JSON record; the dataset is damaged`, { cause });
    }
    yield { line, record: record ?? {} };
  }
}

/** All records of a dataset folder. */
export async function readAllRecords(folder: string): Promise<DataRecord[]> {
  const records: DataRecord[] = [];
  for await (const record of readRecords(join(folder, RECORDS_FILE))) records.push(record);
  return records;
}

/** Writes records in order, with backpressure; returns how many. */
export async function writeRecords(file: string, records: Iterable<RecordHead> | AsyncIterable<RecordHead>): Promise<number> {
  const out = createWriteStream(file);
  const failed = new Promise<never>((_, reject) => out.on('error', reject));
  failed.catch(() => undefined);
  let count = 0;
  for await (const record of records) {
    count++;
    if (!out.write(`${JSON.stringify(record)}\n`)) await Promise.race([once(out, 'drain'), failed]);
  }
  out.end();
  await Promise.race([once(out, 'finish'), failed]);
  return count;
}
