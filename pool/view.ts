/**
 * What a member wrote, as another reads it: the text goes through the reader's own tokenizer and packing. A view is derived and
 * memoised; the records that it is made of keep the tokens they were written in.
 */
import { encodeAsText, lineTokens, specialsOf, type TextTokenizer } from '../data/blocks.js';
import type { DataRecord } from './records.js';

/** The tokenizer that a set was written with. */
export interface Writer {
  decode(ids: readonly number[]): string;
  /** ids that are no text: they begin or end lines and documents */
  readonly specials: ReadonlySet<number>;
}

/**
 * The plain text of tokens that lines begin with a special token of: each such token begins a line, of which the first may be the
 * end of one that its prompt began. Bytes that are no character alone, at the cut of a block, are left out.
 */
export function plainText(tokens: readonly number[], { decode, specials }: Writer): string {
  const pieces: number[][] = [[]];
  for (const id of tokens) {
    if (specials.has(id)) pieces.push([]);
    else pieces[pieces.length - 1].push(id);
  }
  const lines = pieces.map((piece) => decode(piece));
  const text = lines
    // what stands before the first and behind the last special token may be nothing, not an empty line
    .filter((line, i) => line !== '' || (i > 0 && i < lines.length - 1))
    .map((line) => (line.endsWith('\n') ? line : `${line}\n`))
    .join('');
  return text.replace(/^\uFFFD+|\uFFFD+(?=\n$)/g, '');
}

/**
 * Blocks of the reader's tokens, by the rule `bos-line`, of what several records say one after the other; the remainder is dropped. A
 * block says which records it is of, and who wrote them.
 * @param block tokens a block
 */
export async function* blocksOf(
  records: Iterable<DataRecord> | AsyncIterable<DataRecord>,
  writer: Writer,
  reader: TextTokenizer,
  block: number,
): AsyncGenerator<DataRecord, void, undefined> {
  const specials = specialsOf(reader);
  let current: number[] = [];
  let first: DataRecord | undefined;
  let blocks = 0;
  for await (const record of records) {
    const text = plainText(record.tokens, writer);
    if (text === '') continue;
    for (const line of text.slice(0, -1).split('\n')) {
      first ??= record;
      current.push(...lineTokens(line, reader, specials));
      while (current.length >= block) {
        const tokens = current.slice(0, block);
        current = current.slice(block);
        yield asRead(first!, blocks++, { tokens, text: reader.decode(tokens), records: [first!.id, record.id] });
        first = current.length > 0 ? record : undefined;
      }
    }
  }
}

/** What a row of a prompt and an answer begins and ends with, for the reader. */
export interface RowReader extends Pick<TextTokenizer, 'encode' | 'decode' | 'specials'> {
  readonly prefix: readonly number[];
  readonly endTokens: readonly number[];
}

/** Prompts and answers in the reader's tokens, a row each; one of more than `block` tokens is left out. */
export async function* rowsOf(
  records: Iterable<DataRecord> | AsyncIterable<DataRecord>,
  writer: Writer,
  reader: RowReader,
  block: number,
): AsyncGenerator<DataRecord, void, undefined> {
  const specials = specialsOf({ ...reader, eosId: reader.endTokens[0] ?? 0 });
  const encode = (text: string) => encodeAsText(text, reader, specials);
  for await (const record of records) {
    const prompt = writer.decode(record.tokens.slice(0, record.prompt?.tokens ?? 0).filter((id) => !writer.specials.has(id)));
    const start = [...reader.prefix, ...encode(prompt)];
    const tokens = [...start, ...encode(record.text), ...reader.endTokens.slice(0, 1)];
    if (tokens.length > block) continue;
    yield { ...record, tokens, prompt: { tokens: start.length, text: reader.decode(start) } };
  }
}

function asRead(
  { origin, id }: DataRecord,
  at: number,
  { records, ...text }: Pick<DataRecord, 'tokens' | 'text'> & { readonly records: readonly [string, string] },
): DataRecord {
  const head = id.slice(0, id.lastIndexOf('/'));
  const { prompt: _, ...who } = origin as Extract<DataRecord['origin'], { kind: 'generated' }>;
  return { id: `${head}/read/${String(at).padStart(6, '0')}`, ...text, origin: { ...who, records } };
}
