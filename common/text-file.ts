/**
 * The one reader of text files that people give: experiment files, texts, records, prompts, token rows, templates. Says what a file is
 * where it is no UTF-8 text, reads pipes, and never takes more memory than the limit.
 */
import { isUtf8 } from 'node:buffer';
import { constants, type Stats } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fromSystemError, HabsburgError } from './errors.js';

/** The longest string that V8 holds is a little shorter than 2^29 characters. */
export const LONGEST_TEXT = 2 ** 29 - 64;
/** A pipe whose writer is silent is given up after so long, and one without a writer, ms. */
const PIPE_PATIENCE = 8_000;
const OPENING_PATIENCE = 1_000;
const CHUNK = 1 << 20;

export interface TextFile {
  /** without a byte order mark; CR LF and CR are LF, as Python's text mode reads them */
  readonly text: string;
  /** as they lie in the file */
  readonly bytes: Uint8Array;
}

export interface ReadTextOptions {
  /** what the file is called in messages; default: its path */
  readonly shown?: string;
  /** default: what a string can hold */
  readonly maxBytes?: number;
  /** whether the file is read once, by this process alone, so that a pipe will do; default: true */
  readonly pipes?: boolean;
}

/**
 * @throws HabsburgError `notFound`; `invalid` naming what the file is in place of UTF-8 text: a folder, a device, compressed, in
 * another encoding, a Git LFS pointer, a web page, or too large
 */
export async function readTextFile(path: string, options: ReadTextOptions = {}): Promise<TextFile> {
  const shown = options.shown ?? path;
  const bytes = await readWhole(path, { ...options, shown });
  const wrong = notText(bytes, path);
  if (wrong !== undefined) throw new HabsburgError('invalid', `${shown}: ${wrong}`);
  const text = new TextDecoder('utf-8').decode(bytes);
  return { text: text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text, bytes };
}

/** A file's bytes, or a pipe's; at most `maxBytes` of them. */
async function readWhole(
  path: string,
  { shown = path, maxBytes = LONGEST_TEXT, pipes = true }: ReadTextOptions,
): Promise<Uint8Array> {
  let file: FileHandle | undefined;
  try {
    // without O_NONBLOCK, opening a pipe waits for somebody to write to it
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const found = await file.stat();
    const wrong = noFile(found, pipes);
    if (wrong !== undefined) throw new HabsburgError('invalid', `${shown}: ${wrong}`);
    if (found.size > maxBytes) throw tooLarge(shown, maxBytes);
    return await readAll(file, found, maxBytes, shown);
  } catch (error) {
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

async function readAll(file: FileHandle, found: Stats, maxBytes: number, shown: string): Promise<Uint8Array> {
  let bytes = Buffer.allocUnsafe(found.isFile() && found.size > 0 ? found.size + 1 : CHUNK);
  let length = 0;
  let waited = 0;
  for (;;) {
    const read = await file.read(bytes, length, bytes.length - length, null).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EAGAIN') throw error;
      return undefined;
    });
    // nothing yet: a pipe's writer is slow, or has not opened it yet
    if (read === undefined || (read.bytesRead === 0 && length === 0 && found.isFIFO())) {
      waited += 20;
      if (waited > (read === undefined ? PIPE_PATIENCE : OPENING_PATIENCE))
        throw new HabsburgError('invalid', `${shown}: nothing comes through this pipe; write it to a file and name that`);
      await sleep(20);
      continue;
    }
    waited = 0;
    if (read.bytesRead === 0) return bytes.subarray(0, length);
    length += read.bytesRead;
    if (length > maxBytes) throw tooLarge(shown, maxBytes);
    if (length === bytes.length) {
      const grown = Buffer.allocUnsafe(Math.min(2 * bytes.length, maxBytes + 1));
      bytes.copy(grown);
      bytes = grown;
    }
  }
}

function tooLarge(shown: string, maxBytes: number): HabsburgError {
  const why =
    maxBytes === LONGEST_TEXT
      ? 'more than 512 MiB of text do not fit; use a part of it'
      : `more than ${maxBytes} bytes, the limit for such a file`;
  return new HabsburgError('invalid', `${shown}: ${why}`);
}

const PACKED: readonly (readonly [magic: readonly number[], what: string])[] = [
  [[0x1f, 0x8b], 'compressed by gzip; unpack it first, e.g. gzip -dc FILE > NEW'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'compressed by zstd; unpack it first, e.g. zstd -dc FILE > NEW'],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], 'compressed by xz; unpack it first, e.g. xz -dc FILE > NEW'],
  [[0x42, 0x5a, 0x68], 'compressed by bzip2; unpack it first, e.g. bzip2 -dc FILE > NEW'],
  [[0x04, 0x22, 0x4d, 0x18], 'compressed by lz4; unpack it first, e.g. lz4 -dc FILE > NEW'],
  [[0x50, 0x4b, 0x03, 0x04], 'a ZIP archive (or an office document); unpack it and name the text in it'],
  [[0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], 'a 7z archive; unpack it and name the text in it'],
  [[0x25, 0x50, 0x44, 0x46, 0x2d], 'a PDF; save its text as UTF-8'],
  [
    [0x50, 0x41, 0x52, 0x31],
    'a Parquet file; write its texts to a file, one a line, or name its dataset (hf://OWNER/NAME@REVISION)',
  ],
  [[0x47, 0x47, 0x55, 0x46], 'a GGUF file, a model; name a text'],
];
const WIDE: readonly (readonly [magic: readonly number[], name: string])[] = [
  [[0xff, 0xfe, 0x00, 0x00], 'UTF-32'],
  [[0x00, 0x00, 0xfe, 0xff], 'UTF-32'],
  [[0xff, 0xfe], 'UTF-16'],
  [[0xfe, 0xff], 'UTF-16'],
];

/** What the bytes are in place of UTF-8 text, and what to do; undefined where they are text. */
function notText(bytes: Uint8Array, path: string): string | undefined {
  const begins = (magic: readonly number[]): boolean => magic.every((byte, i) => bytes[i] === byte);
  const packed = PACKED.find(([magic]) => begins(magic));
  // "BZh" and "PK" can begin a text; their archives go on with bytes that are none
  if (packed !== undefined && (!isUtf8(bytes) || bytes.subarray(0, 64).some((byte) => byte < 9))) return `this is ${packed[1]}`;
  const wide = WIDE.find(([magic]) => begins(magic));
  if (wide !== undefined)
    return `this is ${wide[1]} text; convert the file: iconv -f ${wide[1].toLowerCase()} -t utf-8 FILE > NEW`;
  const head = Buffer.from(bytes.subarray(0, 4096));
  const zeros = head.reduce((sum, byte) => sum + (byte === 0 ? 1 : 0), 0);
  if (zeros > head.length / 8)
    return 'many of its bytes are zero: this is UTF-16 or no text at all; convert the file: iconv -f utf-16le -t utf-8 FILE > NEW';
  if (!isUtf8(bytes)) {
    const offset = firstInvalidByte(bytes);
    const line = 1 + countLines(bytes.subarray(0, offset));
    return `byte ${offset} (0x${bytes[offset].toString(16).padStart(2, '0')}, in line ${line}) is not UTF-8; convert the file, e.g. iconv -f windows-1252 -t utf-8 FILE > NEW`;
  }
  const start = head.toString('latin1');
  if (start.startsWith('version https://git-lfs.github.com/spec/'))
    return 'this is a Git LFS pointer, not the file that it stands for; fetch that: git lfs pull';
  if (/^(\xef\xbb\xbf)?\s*<(!doctype\s+html|html)[\s>]/i.test(start) && !/\.html?$/i.test(path))
    return 'this is a web page (HTML), saved in place of the file; download the file itself (or name it .html, if its markup is the text)';
  return undefined;
}

function countLines(bytes: Uint8Array): number {
  let lines = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines++;
  return lines;
}

/** Offset of the first byte that no valid UTF-8 text continues with (the lead byte of a sequence that is cut short). */
function firstInvalidByte(bytes: Uint8Array): number {
  let at = 0;
  // a valid prefix stays valid up to a sequence's start: skip whole windows, then step through the one that fails
  const WINDOW = 1 << 16;
  while (at < bytes.length) {
    let end = Math.min(at + WINDOW, bytes.length);
    while (end < bytes.length && (bytes[end] & 0xc0) === 0x80 && end - at < WINDOW + 4) end++;
    if (!isUtf8(bytes.subarray(at, end))) break;
    at = end;
  }
  while (at < bytes.length) {
    const lead = bytes[at];
    const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (!isUtf8(bytes.subarray(at, at + length))) return at;
    at += length;
  }
  return at;
}
