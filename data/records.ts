/** Dataset records: one JSON object a line in records.jsonl; each says where it comes from. */
import { createReadStream, createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { HabsburgError } from '../common/errors.js';

export interface DataRecord {
  /** unique in its dataset: "real/000012", "g3/opt/000012" */
  readonly id: string;
  /** token ids under the dataset's tokenizer */
  readonly tokens: readonly number[];
  /** of the answer alone where there is a prompt */
  readonly text: string;
  /** how many leading tokens are a template's prompt, and their text; absent: none */
  readonly prompt?: { readonly tokens: number; readonly text: string };
  readonly origin:
    | { readonly kind: 'real'; readonly source: string }
    | {
        readonly kind: 'generated';
        readonly member: string;
        readonly generation: number;
        /** digest of the model that wrote it */
        readonly model: string;
        /** id of the record it continues */
        readonly prompt: string;
      };
}

export const RECORDS_FILE = 'records.jsonl';

/** Reads records one by one; a broken line is named by file and number. */
export async function* readRecords(file: string): AsyncIterable<DataRecord> {
  let line = 0;
  for await (const text of createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Infinity })) {
    line++;
    if (text === '') continue;
    let record: DataRecord;
    try {
      record = JSON.parse(text) as DataRecord;
    } catch (cause) {
      throw new HabsburgError('verification', `${file}:${line}: not a JSON record; the dataset is damaged`, { cause });
    }
    if (typeof record.id !== 'string' || !Array.isArray(record.tokens)) {
      throw new HabsburgError('verification', `${file}:${line}: a record needs an id and tokens; the dataset is damaged`);
    }
    yield record;
  }
}

/** All records of a dataset folder. */
export async function readAllRecords(folder: string): Promise<DataRecord[]> {
  const records: DataRecord[] = [];
  for await (const record of readRecords(join(folder, RECORDS_FILE))) records.push(record);
  return records;
}

/** Writes records in order, with backpressure; returns how many. */
export async function writeRecords(file: string, records: Iterable<DataRecord> | AsyncIterable<DataRecord>): Promise<number> {
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
