/** Real texts as rows, one by one: lines of text in blocks, or records through a template. */
import { join } from 'node:path';
import { HabsburgError } from '../common/errors.js';
import { BlockPacker, linesOf } from '../data/blocks.js';
import { answerText, fillTemplate, readFieldRecords, templateRow } from '../data/template.js';
import type { Tokenizer } from '../engine/tokenizer/types.js';
import { RECORDS_FILE, writeRecords, type DataRecord } from '../pool/records.js';
import type { TextDataPlan } from '../kinds/text/plan.js';
import { pathOfSource } from '../spec/sources.js';
import type { TemplatePlan } from '../kinds/text/templates.js';
import type { TokenizerFacts } from './tokenizer-facts.js';

export type Row = Pick<DataRecord, 'tokens' | 'text' | 'prompt'>;
type Lines = AsyncIterable<readonly string[]>;

/** A text to be read. */
export interface TextToRead {
  /** the setting that names it, for sentences */
  readonly setting: string;
  readonly source: string;
  readonly lines: Lines;
  /** at most so many rows; absent: all */
  readonly limit?: number;
}

/** Of a text's lines, in batches, its rows; returns how many were too long. */
export type RowsOf = (text: TextToRead) => AsyncGenerator<Row, number, undefined>;

/** How texts become rows: lines in blocks, or records through a template. */
export type RowShape = Pick<TextDataPlan, 'block' | 'template'>;

/** @param tokenizer and what its rows begin and end with */
export function rowsIn(shape: RowShape, tokenizer: Tokenizer, facts: TokenizerFacts): RowsOf {
  return shape.template ? recordRows(shape.block, shape.template, tokenizer, facts) : blockRows(shape.block, tokenizer, facts);
}

/** A text as a dataset of real records. @returns how many, and how many were too long */
export async function writeTexts(
  folder: string,
  rowsOf: RowsOf,
  text: TextToRead,
  /** what ids begin with, and where the text is from */
  { name, source }: { readonly name: string; readonly source: string },
): Promise<{ readonly records: number; readonly leftOut: number }> {
  let leftOut = 0;
  const numbered = async function* (): AsyncGenerator<DataRecord, void, undefined> {
    const rows = rowsOf(text);
    let i = 0;
    let row = await rows.next();
    for (; !row.done; row = await rows.next())
      yield { id: `${name}/${String(i++).padStart(6, '0')}`, ...row.value, origin: { kind: 'real', source } };
    leftOut = row.value;
  };
  const records = await writeRecords(join(folder, RECORDS_FILE), numbered());
  return { records, leftOut };
}

function blockRows(block: number, tokenizer: Tokenizer, { begins: eosId }: TokenizerFacts): RowsOf {
  return async function* ({ setting, source, lines, limit }) {
    const from = { encode: (line: string) => tokenizer.encode(line), decode: (ids: readonly number[]) => tokenizer.decode(ids), eosId }; // prettier-ignore
    const packer = new BlockPacker(from, block, limit);
    for await (const some of lines) {
      for (const tokens of packer.add(some)) yield { tokens, text: tokenizer.decode(tokens) };
      if (packer.full) break;
    }
    if (packer.blocks > 0) return 0;
    throw new HabsburgError(
      'invalid',
      `${setting}: ${source} has ${packer.tokens} tokens, not one block of ${block}; give more text or smaller blocks`,
    );
  };
}

function recordRows(block: number, template: TemplatePlan, tokenizer: Tokenizer, { prefix, endTokens }: TokenizerFacts): RowsOf {
  return async function* ({ setting, source, lines, limit = Infinity }) {
    let all = 0;
    let kept = 0;
    for await (const record of readFieldRecords(lines, pathOfSource(source))) {
      all++;
      const { tokens, promptTokens } = templateRow(record, { template, tokenizer, prefix, endTokens });
      // those behind the limit are read, too: each has to fit the template, and the long ones are counted
      if (tokens.length > block || kept++ >= limit) continue;
      yield {
        tokens,
        text: answerText(tokens.slice(promptTokens), endTokens, tokenizer),
        prompt: { tokens: promptTokens, text: tokenizer.decode(tokens.slice(0, promptTokens)) },
      };
    }
    if (kept > 0) return all - kept;
    throw new HabsburgError(
      'invalid',
      all === 0
        ? `${setting}: ${source} has no records`
        : `${setting}: all ${all} records of ${source} have more than ${block} tokens; give a larger data.block`,
    );
  };
}

/** What a tokenizer is trained on: every record's prompt and answer, line by line. */
export async function* recordTexts(lines: Lines, data: TextDataPlan): AsyncGenerator<string[], void, undefined> {
  for await (const record of readFieldRecords(lines, pathOfSource(data.train))) {
    const { prompt, answer } = fillTemplate(data.template!, record);
    yield linesOf(prompt.text + answer().text);
  }
}
