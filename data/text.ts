/**
 * A text where it lies, of any size: it is read piece by piece, as often as it is needed, by whoever needs it, and a thread can be sent
 * where it is in place of the text.
 */
import { createHash, type Hash } from 'node:crypto';
import type { Digest } from '../common/canonical.js';
import { HabsburgError } from '../common/errors.js';
import { fileState } from '../common/file-state.js';
import { LONGEST_TEXT, textChunks } from '../common/text-file.js';
import type { GrammarPlan } from '../kinds/text/plan.js';
import { grammarText, grammarTruth, type Split } from './grammar.js';
import { isParquet, parquetPieces } from './parquet.js';

export interface FilePlace {
  readonly kind: 'file';
  readonly path: string;
  /** which file it is, its size and when it was last written to */
  readonly state: string;
}

export type TextPlace =
  | FilePlace
  /** `records`: rows as JSON, in place of the column `text` */
  | { readonly kind: 'parquet'; readonly files: readonly string[]; readonly records?: boolean }
  | { readonly kind: 'given'; readonly text: string }
  /** text of the synthetic language, made where it is read */
  | { readonly kind: 'grammar'; readonly plan: GrammarPlan; readonly split: Split };

/** A local file as a text, to be read from now on: other content will not be taken for it. */
export async function textFile(path: string): Promise<FilePlace> {
  return { kind: 'file', path, state: await fileState(path) };
}

/** The same of a path that may be a Parquet file. @param records for a template: rows in place of a text */
export async function localText(path: string, records: boolean): Promise<TextPlace> {
  return isParquet(path) ? { kind: 'parquet', files: [path], records } : textFile(path);
}

export interface ReadOptions {
  /** takes a file's bytes as they lie in it */
  readonly onBytes?: (bytes: Uint8Array) => void;
  readonly signal?: AbortSignal;
}

/** A text in order, in pieces of whole characters. */
export async function* textPieces(place: TextPlace, options: ReadOptions = {}): AsyncGenerator<string, void, undefined> {
  if (place.kind === 'given') yield place.text;
  else if (place.kind === 'grammar') yield grammarText(place.plan, place.split);
  else if (place.kind === 'parquet') for (const file of place.files) yield* parquetPieces(file, place.records);
  else for await (const bytes of fileChunks(place, options)) yield bytes.toString('utf8');
}

/** A file's text as textChunks gives it. @throws HabsburgError 'invalid' where it has been written to */
export async function* fileChunks(
  { path, state }: FilePlace,
  options: ReadOptions = {},
): AsyncGenerator<Buffer, void, undefined> {
  // it is read again by whoever resumes, so a pipe will not do
  for await (const bytes of textChunks(path, { ...options, pipes: false })) {
    if ((await fileState(path)) !== state)
      throw new HabsburgError('invalid', `${path} was written to while it was read; run again when it is whole`);
    yield bytes;
  }
}

/** A text's lines, split at "\n" only, in batches; what follows the last "\n" is no line where it is empty. */
export async function* textLines(place: TextPlace): AsyncGenerator<readonly string[], void, undefined> {
  yield* linesOfPieces(textPieces(place));
}

/** @param pieces parts of a text, which may end anywhere in a line */
export async function* linesOfPieces(pieces: AsyncIterable<string>): AsyncGenerator<readonly string[], void, undefined> {
  let begun: string[] = [];
  let length = 0;
  let before = 0;
  for await (const piece of pieces) {
    const lines = piece.split('\n');
    begun.push(lines[0]);
    length += lines[0].length;
    if (length > LONGEST_TEXT)
      throw new HabsburgError('invalid', `line ${before + 1} of the text is longer than 512 MiB; break it into lines`);
    if (lines.length === 1) continue;
    lines[0] = begun.join('');
    const rest = lines.pop()!;
    begun = [rest];
    length = rest.length;
    before += lines.length;
    yield lines;
  }
  const last = begun.join('');
  if (last !== '') yield [last];
}

/** Digests of a text, and of the file that holds it. */
export interface TextDigests {
  readonly text: Digest;
  readonly file?: Digest;
}

/** Reads a text to its end. */
export async function textDigests(place: TextPlace, signal?: AbortSignal): Promise<TextDigests> {
  const text = createHash('sha256');
  if (place.kind === 'file') {
    const file = createHash('sha256');
    for await (const bytes of fileChunks(place, { onBytes: (raw) => file.update(raw), signal })) text.update(bytes);
    return { text: digestFrom(text), file: digestFrom(file) };
  }
  for await (const piece of textPieces(place)) text.update(piece);
  return { text: digestFrom(text) };
}

/** What is known of a synthetic language's split, for a thread: both take a while where its vocabulary is large. */
export async function grammarFacts({ plan, split }: Omit<Extract<TextPlace, { kind: 'grammar' }>, 'kind'>) {
  return { digest: (await textDigests({ kind: 'grammar', plan, split })).text, truth: grammarTruth(plan) };
}

function digestFrom(hash: Hash): Digest {
  return `sha256:${hash.digest('hex')}`;
}

/** A text as one string. @throws HabsburgError 'invalid' where it is longer than a string can be */
export async function wholeText(place: TextPlace): Promise<string> {
  const pieces: string[] = [];
  let length = 0;
  for await (const piece of textPieces(place)) {
    length += piece.length;
    if (length > LONGEST_TEXT) throw new HabsburgError('invalid', 'more than 512 MiB of text do not fit here; use a part of it');
    pieces.push(piece);
  }
  return pieces.join('');
}
