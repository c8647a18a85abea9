/**
 * A part of a record's text, in the ids that the text was written in: those that lie in the part stay as they are, and where a token
 * lies across its edge what remains of it is encoded anew.
 */
import { encodeAsText, specialsOf, type TextTokenizer } from '../data/blocks.js';
import type { DataRecord } from './records.js';

export interface PartTokenizer extends Pick<TextTokenizer, 'encode' | 'decode'> {
  readonly specials: readonly string[];
  /** ids that end an answer */
  readonly endTokens: readonly number[];
}

/** The ids of a record's text: behind a template's prompt, without the end tokens behind the answer. */
function textIds({ tokens, prompt }: DataRecord, { endTokens }: PartTokenizer): readonly number[] {
  if (prompt === undefined) return tokens;
  let end = tokens.length;
  while (end > prompt.tokens && endTokens.includes(tokens[end - 1])) end--;
  return tokens.slice(prompt.tokens, end);
}

/**
 * The record with the part [from, to) of its text. It never has more text tokens than before; an answer that was cut ends with an end
 * token, as rows of the data do. Undefined where nothing is left that a model could learn from: a row of one token.
 */
export function partOf(
  record: DataRecord,
  part: { readonly from: number; readonly to: number },
  tokenizer: PartTokenizer,
): DataRecord | undefined {
  const ids = textIds(record, tokenizer);
  const left = partOfIds(ids, part, tokenizer);
  if (left.length === 0) return undefined;
  const { prompt } = record;
  const before = record.tokens.slice(0, prompt?.tokens ?? 0);
  const behind = record.tokens.slice(before.length + ids.length);
  const ends = prompt === undefined || behind.length > 0 ? behind : tokenizer.endTokens.slice(0, 1);
  const tokens = [...before, ...left, ...ends];
  return tokens.length < 2 ? undefined : { ...record, tokens, text: tokenizer.decode(left) };
}

function partOfIds(
  ids: readonly number[],
  { from, to }: { readonly from: number; readonly to: number },
  tokenizer: PartTokenizer,
): number[] {
  const text = tokenizer.decode(ids);
  const kept = text.slice(from, to);
  // a text may end within a character, so how far ids reach is counted in what they have in common with the whole
  const reach = (count: number): number => common(tokenizer.decode(ids.slice(0, count)), text);
  const whole = (count: number): boolean => tokenizer.decode(ids.slice(0, count)).length === reach(count);
  let first = leastWhere(ids.length, (count) => reach(count) >= from);
  while (first < ids.length && !whole(first)) first++;
  let last = leastWhere(ids.length, (count) => reach(count) > to) - 1;
  while (last > first && !whole(last)) last--;
  const encode = (piece: string): number[] =>
    piece === '' ? [] : encodeAsText(piece, tokenizer, specialsOf({ ...tokenizer, eosId: tokenizer.endTokens[0] ?? 0 }));
  const inside = ids.slice(first, Math.max(first, last));
  const exact =
    first < last ? [...encode(text.slice(from, reach(first))), ...inside, ...encode(text.slice(reach(last), to))] : encode(kept);
  if (exact.length <= ids.length && tokenizer.decode(exact) === kept) return exact;
  // bytes that are no character may read otherwise without those before them
  while (!kept.includes(tokenizer.decode(inside))) inside.shift();
  return inside;
}

/** Characters that two texts have in common at their beginning. */
function common(a: string, b: string): number {
  let i = 0;
  while (i < a.length && a[i] === b[i]) i++;
  return i;
}

/** The least count from 0 to `most` for which something holds that goes on holding; `most + 1` for none. */
function leastWhere(most: number, holds: (count: number) => boolean): number {
  let [low, high] = [0, most + 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
