/** The heavy part of a view, for a thread of its own: reads what a member wrote with the tokenizers of its writer and of its reader. */
import { join } from 'node:path';
import { loadTokenizer } from '../engine/tokenizer/files.js';
import { RECORDS_FILE, readAllRecords, writeRecords } from '../pool/records.js';
import { blocksOf, rowsOf } from '../pool/view.js';
import type { DataPlan } from '../spec/plan.js';

/** Everything can be cloned, so that it can go to a thread. */
export interface TextsToView {
  /** folders: what was written, both tokenizers, and where to write */
  readonly set: string;
  readonly writer: string;
  readonly reader: string;
  readonly out: string;
  /** what the reader's rows begin and end with, of its tokenizer's facts */
  readonly begins: number;
  readonly prefix: readonly number[];
  readonly endTokens: readonly number[];
  readonly block: number;
  readonly packing: DataPlan['packing'];
}

/** @returns records read and written */
export async function viewTexts(view: TextsToView): Promise<{ readonly read: number; readonly records: number }> {
  const [writer, reader] = [await loadTokenizer(view.writer), await loadTokenizer(view.reader)];
  const specials = new Set(writer.specials.map((name) => writer.idOf(name)).filter((id) => id !== undefined));
  const records = await readAllRecords(view.set);
  const from = { decode: (ids: readonly number[]) => writer.decode(ids), specials };
  const to = {
    encode: (text: string) => reader.encode(text),
    decode: (ids: readonly number[]) => reader.decode(ids),
    specials: reader.specials,
    eosId: view.begins,
    prefix: view.prefix,
    endTokens: view.endTokens,
  };
  const read = view.packing === 'records' ? rowsOf : blocksOf;
  const written = await writeRecords(join(view.out, RECORDS_FILE), read(records, from, to, view.block));
  return { read: records.length, records: written };
}
