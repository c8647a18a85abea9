/** What a model wrote, as it enters the pool: exactly the new tokens, their text, and nothing where nothing was written. */
import type { DataRecord } from './records.js';

/** A prompt's continuation as the decoder gives it: prompt and new tokens, or new tokens alone. */
export interface Written {
  readonly record: DataRecord;
  /** how many leading tokens of the record are its prompt; 0 where the decoder leaves it out */
  readonly promptTokens: number;
}

export interface Postprocessed {
  readonly records: DataRecord[];
  /** records of which no token was left */
  readonly empty: number;
}

/**
 * Cuts the prompt off, drops empty records and recomputes the text from the tokens that are left. A template's prompt stays with its
 * answer, whose text the record has.
 */
export function postprocess(written: Iterable<Written>, decode: (tokens: readonly number[]) => string): Postprocessed {
  const records: DataRecord[] = [];
  let empty = 0;
  for (const { record, promptTokens } of written) {
    const tokens = record.tokens.slice(promptTokens);
    if (tokens.length <= (record.prompt?.tokens ?? 0)) empty++;
    else records.push({ ...record, tokens, text: record.prompt === undefined ? decode(tokens) : record.text });
  }
  return { records, empty };
}
