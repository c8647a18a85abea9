/** The rows of a split, one by one: lines of text in blocks, or records through a template. */
import { HabsburgError } from '../common/errors.js';
import { BlockPacker, linesOf } from '../data/blocks.js';
import type { DataRecord } from '../pool/records.js';
import { answerText, endTokensOf, fillTemplate, readFieldRecords, templateRow } from '../data/template.js';
import type { ConfigJson } from '../engine/index.js';
import type { Tokenizer } from '../engine/tokenizer/types.js';
import type { DataPlan } from '../spec/plan.js';
import { pathOfSource } from '../spec/sources.js';

export type Row = Pick<DataRecord, 'tokens' | 'text' | 'prompt'>;
type Lines = AsyncIterable<readonly string[]>;

/** Of a split's lines, in batches, its rows; returns how many were too long. */
export type RowsOf = (split: 'train' | 'valid' | 'test', lines: Lines) => AsyncGenerator<Row, number, undefined>;

/** Lines of text in blocks. */
export function blockRows(data: DataPlan, tokenizer: Tokenizer, eosId: number): RowsOf {
  return async function* (split, lines) {
    const from = { encode: (line: string) => tokenizer.encode(line), decode: (ids: readonly number[]) => tokenizer.decode(ids), eosId }; // prettier-ignore
    const packer = new BlockPacker(from, data.block, data.limit[split]);
    for await (const some of lines) {
      for (const tokens of packer.add(some)) yield { tokens, text: tokenizer.decode(tokens) };
      if (packer.full) break;
    }
    if (packer.blocks > 0) return 0;
    throw new HabsburgError(
      'invalid',
      `data.${split}: ${data[split]} has ${packer.tokens} tokens, not one block of ${data.block}; give more text or smaller blocks`,
    );
  };
}

/** @param beginning what a row begins with; default: the tokenizer's prefix */
export function recordRows(data: DataPlan, tokenizer: Tokenizer, config: ConfigJson, beginning?: number): RowsOf {
  const endTokens = endTokensOf(config);
  const prefix = beginning === undefined ? undefined : [beginning];
  const limit = data.limit;
  return async function* (split, lines) {
    let all = 0;
    let kept = 0;
    for await (const record of readFieldRecords(lines, pathOfSource(data[split]))) {
      all++;
      const { tokens, promptTokens } = templateRow(record, { template: data.template!, tokenizer, prefix, endTokens });
      // those behind the limit are read, too: each has to fit the template, and the long ones are counted
      if (tokens.length > data.block || kept++ >= (limit[split] ?? Infinity)) continue;
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
        ? `data.${split}: ${data[split]} has no records`
        : `data.${split}: all ${all} records of ${data[split]} have more than ${data.block} tokens; give a larger data.block`,
    );
  };
}

/** What a tokenizer is trained on: every record's prompt and answer, line by line. */
export async function* recordTexts(lines: Lines, data: DataPlan): AsyncGenerator<string[], void, undefined> {
  for await (const record of readFieldRecords(lines, pathOfSource(data.train))) {
    const { prompt, answer } = fillTemplate(data.template!, record);
    yield linesOf(prompt.text + answer().text);
  }
}
