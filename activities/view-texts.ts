/** The heavy part of a view, for a thread of its own: what a member wrote, or a source of real texts, with the tokenizer of its reader. */
import { join } from 'node:path';
import { loadTokenizer } from '../engine/tokenizer/files.js';
import { RECORDS_FILE, readRecords, writeRecords } from '../pool/records.js';
import { blocksOf, rowsOf } from '../pool/view.js';
import type { TextDataPlan } from '../kinds/text/plan.js';
import { textLines, type TextPlace } from '../data/text.js';
import { rowsIn, writeTexts, type RowShape } from './prepare-rows.js';
import type { TokenizerFacts } from './tokenizer-facts.js';

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
  readonly packing: TextDataPlan['packing'];
}

/** @returns records read and written */
export async function viewTexts(view: TextsToView): Promise<{ readonly read: number; readonly records: number }> {
  const [writer, reader] = [await loadTokenizer(view.writer), await loadTokenizer(view.reader)];
  const specials = new Set(writer.specials.map((name) => writer.idOf(name)).filter((id) => id !== undefined));
  let count = 0;
  const records = async function* () {
    for await (const record of readRecords(join(view.set, RECORDS_FILE))) {
      count++;
      yield record;
    }
  };
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
  const written = await writeRecords(join(view.out, RECORDS_FILE), read(records(), from, to, view.block));
  return { read: count, records: written };
}

/** As TextsToView, of a source. */
export interface SourceToView {
  /** where it lies, what the lineage calls it, and what the file of the experiment does */
  readonly text: { readonly place: TextPlace; readonly source: string; readonly given: string };
  readonly reader: string;
  readonly facts: TokenizerFacts;
  readonly shape: RowShape;
  readonly out: string;
}

/** @returns records written, and how many were too long */
export async function viewSource({
  text,
  reader,
  facts,
  shape,
  out,
}: SourceToView): Promise<{ records: number; leftOut: number }> {
  const rowsOf = rowsIn(shape, await loadTokenizer(reader), facts);
  const read = { setting: 'from', source: text.given, lines: textLines(text.place) };
  return writeTexts(out, rowsOf, read, { name: 'source', source: text.source });
}
