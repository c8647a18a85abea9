/** The rows of a split: lines of text in blocks, or records through a template. */
import { HabsburgError } from '../common/errors.js';
import { linesOf, packBlocks } from '../data/blocks.js';
import type { DataRecord } from '../pool/records.js';
import { answerText, endTokensOf, fillTemplate, parseRecords, templateRow } from '../data/template.js';
import type { ConfigJson } from '../engine/index.js';
import type { Tokenizer } from '../engine/tokenizer/types.js';
import type { DataPlan } from '../spec/plan.js';
import { pathOfSource } from '../spec/sources.js';

export type RowsOf = (
  split: 'train' | 'valid' | 'test',
  text: string,
) => { readonly rows: readonly Pick<DataRecord, 'tokens' | 'text' | 'prompt'>[]; readonly leftOut: number };

/** Lines of text in blocks. */
export function blockRows(data: DataPlan, tokenizer: Tokenizer, eosId: number): RowsOf {
  return (split, text) => {
    const packed = packBlocks(
      text,
      { encode: (line) => tokenizer.encode(line), decode: (ids) => tokenizer.decode(ids), eosId },
      data.block,
      data.limit[split],
    );
    if (packed.blocks.length === 0) {
      throw new HabsburgError(
        'invalid',
        `data.${split}: ${data[split]} has ${packed.tokens} tokens, not one block of ${data.block}; give more text or smaller blocks`,
      );
    }
    return { rows: packed.blocks.map((tokens) => ({ tokens, text: tokenizer.decode(tokens) })), leftOut: 0 };
  };
}

/** @param beginning what a row begins with; default: the tokenizer's prefix */
export function recordRows(data: DataPlan, tokenizer: Tokenizer, config: ConfigJson, beginning?: number): RowsOf {
  const endTokens = endTokensOf(config);
  const prefix = beginning === undefined ? undefined : [beginning];
  return (split, text) => {
    const all = parseRecords(text, pathOfSource(data[split])).map((record) => templateRow(record, { template: data.template!, tokenizer, prefix, endTokens })); // prettier-ignore
    const kept = all.filter(({ tokens }) => tokens.length <= data.block);
    const rows = kept.slice(0, data.limit[split]).map(({ tokens, promptTokens }) => ({
      tokens,
      text: answerText(tokens.slice(promptTokens), endTokens, tokenizer),
      prompt: { tokens: promptTokens, text: tokenizer.decode(tokens.slice(0, promptTokens)) },
    }));
    if (rows.length > 0) return { rows, leftOut: all.length - kept.length };
    throw new HabsburgError(
      'invalid',
      all.length === 0
        ? `data.${split}: ${data[split]} has no records`
        : `data.${split}: all ${all.length} records of ${data[split]} have more than ${data.block} tokens; give a larger data.block`,
    );
  };
}

/** What a tokenizer is trained on: every record's prompt and answer, line by line. */
export function recordTexts(text: string, data: DataPlan): string[] {
  return parseRecords(text, pathOfSource(data.train)).flatMap((record) => {
    const { prompt, answer } = fillTemplate(data.template!, record);
    return linesOf(prompt.text + answer().text);
  });
}
