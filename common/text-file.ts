/**
 * The one reader of text files that people give: experiment files, texts, records, prompts, token rows, templates. Says what a file is
 * where it is no UTF-8 text, reads pipes, and goes through a file of any size piece by piece.
 */
import { isUtf8 } from 'node:buffer';
import { constants, type Stats } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fromSystemError, HabsburgError } from './errors.js';
import { firstInvalidByte, HEAD, notText } from './not-text.js';

/** The longest string that V8 holds is a little shorter than 2^29 characters. */
export const LONGEST_TEXT = 2 ** 29 - 64;
/** A pipe whose writer is silent is given up after so long, and one without a writer, ms. */
const PIPE_PATIENCE = 8_000;
const OPENING_PATIENCE = 1_000;
/** bytes read at a time */
export const TEXT_CHUNK = 1 << 20;

const [LF, CR] = [10, 13];
const MARK = Buffer.from('\ufeff');

export interface ReadTextOptions {
  /** what the file is called in messages; default: its path */
  readonly shown?: string;
  /** default: what a string can hold, for a whole text; none for pieces */
  readonly maxBytes?: number;
  /** whether the file is read once, by this process alone, so that a pipe will do; default: true */
  readonly pipes?: boolean;
  /** takes the bytes as they lie in the file, in order */
  readonly onBytes?: (bytes: Uint8Array) => void;
  /** aborted: reading stops */
  readonly signal?: AbortSignal;
}

/**
 * A text without a byte order mark; CR LF and CR are LF, as Python's text mode reads them.
 * @throws HabsburgError `notFound`; `invalid` naming what the file is in place of UTF-8 text: a folder, a device, compressed, in
 * another encoding, a Git LFS pointer, a web page, or too large
 */
export async function readTextFile(path: string, options: ReadTextOptions = {}): Promise<string> {
  const pieces: string[] = [];
  for await (const bytes of textChunks(path, { ...options, maxBytes: options.maxBytes ?? LONGEST_TEXT }))
    pieces.push(bytes.toString('utf8'));
  return pieces.join('');
}

/**
 * The same, piece by piece, as UTF-8 of whole characters. A piece holds until the next one is asked for.
 * @throws as readTextFile does, as soon as it is noticed
 */
export async function* textChunks(path: string, options: ReadTextOptions = {}): AsyncGenerator<Buffer, void, undefined> {
  const { shown = path, maxBytes = Infinity, pipes = true, onBytes, signal } = options;
  let file: FileHandle | undefined;
  try {
    // without O_NONBLOCK, opening a pipe waits for somebody to write to it
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const found = await file.stat();
    const wrong = noFile(found, pipes);
    if (wrong !== undefined) throw new HabsburgError('invalid', `${shown}: ${wrong}`);
    if (found.size > maxBytes) throw tooLarge(shown, maxBytes);
    const buffer = Buffer.allocUnsafe(found.isFile() && found.size > 0 ? Math.min(found.size + 1, TEXT_CHUNK) : TEXT_CHUNK);
    let head: Buffer | undefined;
    let offset = 0; // of the buffer's first byte in the file
    let held = 0; // bytes of a character that was cut, at the buffer's start
    let line = 1;
    let afterCr = false;
    for (let ended = false; !ended;) {
      signal?.throwIfAborted();
      const length = await fill(file, buffer, held, { quiet: offset === 0 && found.isFIFO(), shown });
      ended = length < buffer.length;
      if (offset + length > maxBytes) throw tooLarge(shown, maxBytes);
      onBytes?.(buffer.subarray(held, length));
      const whole = buffer.subarray(0, ended ? length : wholeCharacters(buffer));
      const valid = isUtf8(whole);
      const first = head === undefined;
      head ??= Buffer.from(whole.subarray(0, HEAD));
      const other = first || !valid ? notText(head, valid, path) : undefined;
      if (other !== undefined) throw new HabsburgError('invalid', `${shown}: ${other}`);
      if (!valid) {
        const at = firstInvalidByte(whole);
        line += linesIn(whole.subarray(0, at));
        throw new HabsburgError('invalid', `${shown}: byte ${offset + at} (0x${whole[at].toString(16).padStart(2, '0')}, in line ${line}) is not UTF-8; convert the file, e.g. iconv -f windows-1252 -t utf-8 FILE > NEW`); // prettier-ignore
      }
      line += linesIn(whole);
      const endsInCr = whole.at(-1) === CR;
      const text = first && whole.subarray(0, MARK.length).equals(MARK) ? whole.subarray(MARK.length) : whole;
      const piece = unixLineEnds(afterCr && text[0] === LF ? text.subarray(1) : text);
      if (whole.length > 0) afterCr = endsInCr;
      if (piece.length > 0) yield piece;
      offset += whole.length;
      held = length - whole.length;
      buffer.copyWithin(0, whole.length, length);
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw fromSystemError(error, `reading ${shown}`);
  } finally {
    await file?.close();
  }
}

/** What something is that is no file, and what to give; undefined for a file. */
export function noFile(found: Stats, pipes = false): string | undefined {
  if (found.isFile() || (found.isFIFO() && pipes)) return undefined;
  if (found.isDirectory()) return 'this is a folder; name a file in it';
  if (found.isFIFO()) return 'this is a pipe, which can be read only once; write it to a file and name that';
  return 'this is a device or socket, not a file; name a file';
}

/** Fills a buffer from `length` on, or as far as the file goes. @returns how many bytes are in it */
async function fill(
  file: FileHandle,
  buffer: Buffer,
  length: number,
  { quiet, shown }: { readonly quiet: boolean; readonly shown: string },
): Promise<number> {
  let waited = 0;
  while (length < buffer.length) {
    const read = await file.read(buffer, length, buffer.length - length, null).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EAGAIN') throw error;
      return undefined;
    });
    // nothing yet: a pipe's writer is slow, or has not opened it yet
    if (read === undefined || (read.bytesRead === 0 && length === 0 && quiet)) {
      waited += 20;
      if (waited > (read === undefined ? PIPE_PATIENCE : OPENING_PATIENCE))
        throw new HabsburgError('invalid', `${shown}: nothing comes through this pipe; write it to a file and name that`);
      await sleep(20);
      continue;
    }
    waited = 0;
    if (read.bytesRead === 0) break;
    length += read.bytesRead;
  }
  return length;
}

/** How many bytes there are before a character that the end of these cuts. */
function wholeCharacters(bytes: Uint8Array): number {
  for (let back = 1; back <= 3; back++) {
    const byte = bytes[bytes.length - back];
    if ((byte & 0xc0) === 0x80) continue;
    const needed = byte < 0xc0 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    return needed > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

/** Makes line ends "\n", in place. */
function unixLineEnds(bytes: Buffer): Buffer {
  let at = bytes.indexOf(CR);
  if (at < 0) return bytes;
  let to = at;
  for (; at < bytes.length; at++) {
    if (bytes[at] !== CR) bytes[to++] = bytes[at];
    else {
      bytes[to++] = LF;
      if (bytes[at + 1] === LF) at++;
    }
  }
  return bytes.subarray(0, to);
}

function linesIn(bytes: Uint8Array): number {
  let lines = 0;
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) lines++;
  return lines;
}

function tooLarge(shown: string, maxBytes: number): HabsburgError {
  const why =
    maxBytes === LONGEST_TEXT
      ? 'more than 512 MiB of text do not fit; use a part of it'
      : `more than ${maxBytes} bytes, the limit for such a file`;
  return new HabsburgError('invalid', `${shown}: ${why}`);
}
