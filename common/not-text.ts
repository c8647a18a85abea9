/** What a file is that is no UTF-8 text, by its first bytes, and what to do with it. */
import { isUtf8 } from 'node:buffer';

/** So much of a file says what it is. */
export const HEAD = 4096;

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

/**
 * What a file is in place of UTF-8 text; undefined where it may be text.
 * @param head its first HEAD bytes, or all of them
 * @param valid whether what has been read of it is UTF-8
 */
export function notText(head: Buffer, valid: boolean, path: string): string | undefined {
  const begins = (magic: readonly number[]): boolean => magic.every((byte, i) => head[i] === byte);
  const packed = PACKED.find(([magic]) => begins(magic));
  // "BZh" and "PK" can begin a text; their archives go on with bytes that are none
  if (packed !== undefined && (!valid || head.subarray(0, 64).some((byte) => byte < 9))) return `this is ${packed[1]}`;
  const wide = WIDE.find(([magic]) => begins(magic));
  if (wide !== undefined)
    return `this is ${wide[1]} text; convert the file: iconv -f ${wide[1].toLowerCase()} -t utf-8 FILE > NEW`;
  const zeros = head.reduce((sum, byte) => sum + (byte === 0 ? 1 : 0), 0);
  if (zeros > head.length / 8)
    return 'many of its bytes are zero: this is UTF-16 or no text at all; convert the file: iconv -f utf-16le -t utf-8 FILE > NEW';
  if (!valid) return undefined;
  const start = head.toString('latin1');
  if (start.startsWith('version https://git-lfs.github.com/spec/'))
    return 'this is a Git LFS pointer, not the file that it stands for; fetch that: git lfs pull';
  if (/^(\xef\xbb\xbf)?\s*<(!doctype\s+html|html)[\s>]/i.test(start) && !/\.html?$/i.test(path))
    return 'this is a web page (HTML), saved in place of the file; download the file itself (or name it .html, if its markup is the text)';
  return undefined;
}

/** Offset of the first byte that no valid UTF-8 text continues with (the lead byte of a sequence that is cut short). */
export function firstInvalidByte(bytes: Uint8Array): number {
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
