/** Texts as people have them: what is read, and what is refused by name. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from '@jest/globals';
import { LONGEST_TEXT, readTextFile, TEXT_CHUNK, textChunks } from '../../common/text-file.js';

const root = mkdtempSync(join(tmpdir(), 'habsburg-text-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const TEXT = 'Ein Wort, naïve café.\nZwei Zeilen.\n';
let made = 0;
function file(content: string | Uint8Array, ending = ''): string {
  const path = join(root, `file-${made++}${ending}`);
  writeFileSync(path, content);
  return path;
}
const refusal = (path: string, options = {}): Promise<unknown> =>
  readTextFile(path, options).then(
    () => 'was read',
    (error: { kind: string; message: string }) => `${error.kind}: ${error.message.replace(path, 'FILE')}`,
  );

describe('readTextFile', () => {
  test.each([
    ['as it is', TEXT, TEXT],
    ['a byte order mark is no text', `\ufeff${TEXT}`, TEXT],
    ["Windows' and old Macs' line ends", 'a\r\nb\rc\n\r\n', 'a\nb\nc\n\n'],
    ['the other separators are text', 'a\u2028b\u0085c\x1cd', 'a\u2028b\u0085c\x1cd'],
    ['nothing', '', ''],
    ['a text that begins like an archive', 'BZh is no word, PK neither', 'BZh is no word, PK neither'],
    ['a text with one zero', `${TEXT}\0`, `${TEXT}\0`],
  ])('%s', async (_, content, text) => {
    expect(await readTextFile(file(content))).toBe(text);
  });

  test.each<[string, Uint8Array, RegExp]>([
    [
      'UTF-16, little-endian',
      Buffer.from(`\ufeff${TEXT}`, 'utf16le'),
      /FILE: this is UTF-16 text; convert the file: iconv -f utf-16/,
    ],
    ['UTF-16, big-endian', Buffer.from(`\ufeff${TEXT}`, 'utf16le').swap16(), /FILE: this is UTF-16 text/],
    ['UTF-16 without a mark', Buffer.from(TEXT, 'utf16le'), /FILE: many of its bytes are zero: this is UTF-16/],
    ['UTF-32', Uint8Array.of(0xff, 0xfe, 0, 0, 0x61, 0, 0, 0), /FILE: this is UTF-32/],
    ['Windows-1252', Buffer.from(TEXT, 'latin1'), /FILE: byte 12 \(0xef, in line 1\) is not UTF-8; convert the file/],
    ['on a later line', Buffer.from('a\nb\né', 'latin1'), /FILE: byte 4 \(0xe9, in line 3\) is not UTF-8/],
    ['gzip', gzipSync(TEXT), /FILE: this is compressed by gzip; unpack it first/],
    ['zstd', Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x04, 0), /compressed by zstd/],
    ['xz', Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0), /compressed by xz/],
    ['bzip2', Uint8Array.of(0x42, 0x5a, 0x68, 0x39, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, 0xff), /compressed by bzip2/],
    ['zip', Uint8Array.of(0x50, 0x4b, 3, 4, 0x14, 0), /a ZIP archive/],
    [
      'Git LFS',
      Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n'),
      /a Git LFS pointer.*git lfs pull/,
    ],
    ['a web page', Buffer.from('\n<!DOCTYPE html>\n<html lang="en">'), /a web page \(HTML\)/],
  ])('%s is refused by name', async (_, content, sentence) => {
    expect(await refusal(file(content))).toMatch(new RegExp(`^invalid: .*${sentence.source}`));
  });

  test('markup that is meant can be read', async () => {
    expect(await readTextFile(file('<html></html>', '.html'))).toBe('<html></html>');
  });

  test('a folder, devices and what is not there', async () => {
    expect(await refusal(root)).toBe('invalid: FILE: this is a folder; name a file in it');
    for (const device of ['/dev/zero', '/dev/null']) expect(await refusal(device)).toMatch(/^invalid: FILE: this is a device/);
    expect(await refusal(join(root, 'none'))).toMatch(/^notFound: /);
    expect(await refusal(join(file(TEXT), 'inside'))).toMatch(/^invalid: .*a part of this path is a file/);
  });

  test('a pipe is read as a file is, where it can be read once; one that nobody writes to is not waited for', async () => {
    const pipe = join(root, 'pipe');
    execFileSync('mkfifo', [pipe]);
    expect(await refusal(pipe)).toBe('invalid: FILE: nothing comes through this pipe; write it to a file and name that');
    expect(await refusal(pipe, { pipes: false })).toMatch(/this is a pipe, which can be read only once/);
    const writer = spawn('sh', ['-c', `exec > '${pipe}'; printf 'one\\n'; sleep 0.3; printf 'two\\n'`]);
    const text = await readTextFile(pipe);
    expect(text).toBe('one\ntwo\n');
    if (writer.exitCode === null) writer.kill();
  });

  test('limits hold for files that lie about their size, too', async () => {
    expect(await refusal(file('12345'), { maxBytes: 4 })).toBe('invalid: FILE: more than 4 bytes, the limit for such a file');
    const large = file('');
    execFileSync('truncate', ['-s', String(LONGEST_TEXT + 1), large]);
    expect(await refusal(large)).toBe('invalid: FILE: more than 512 MiB of text do not fit; use a part of it');
    expect(await refusal('/proc/self/maps', { maxBytes: 10 })).toMatch(/more than 10 bytes/); // says that it has none
  });
});

describe('pieces', () => {
  const PAD = 'Zeile.\n'.repeat(Math.ceil(TEXT_CHUNK / 7));
  /** A text of more than a piece, in which `content` begins so many bytes before the first piece ends. */
  const cut = (content: string | Uint8Array, before: number): Buffer =>
    Buffer.concat([Buffer.from(PAD.slice(0, TEXT_CHUNK - before)), Buffer.from(content), Buffer.from('\nEnde\n')]);

  test.each([
    ['characters of two bytes', 'éàüö'],
    ['of three', '日本語'],
    ['of four', '😀😀😀'],
    ['CR LF', 'a\r\nb\r\n\r\nc'],
    ['CR', 'a\rb\r\rc\r'],
    ['CR LF LF CR', 'a\r\n\n\rb'],
    ['a mark that is not at the beginning', 'a\ufeffb'],
  ])('cut anywhere: %s', async (_, content) => {
    for (let before = 0; before <= Buffer.byteLength(content); before++) {
      const bytes = cut(content, before);
      const raw: Buffer[] = [];
      const pieces: string[] = [];
      for await (const piece of textChunks(file(bytes), { onBytes: (part) => raw.push(Buffer.from(part)) }))
        pieces.push(piece.toString('utf8'));
      expect(pieces.length).toBeGreaterThan(1);
      // as Python's text mode reads it
      expect(pieces.join('') === bytes.toString('utf8').replace(/\r\n?/g, '\n')).toBe(true);
      expect(Buffer.concat(raw).equals(bytes)).toBe(true);
    }
  });

  test.each([
    ['a stray byte', [0x61, 0x80, 0x61], 1],
    ['a sequence cut short by a letter', [0xe2, 0x82, 0x61], 0],
    ['one cut short by the end of a line', [0x61, 0xf0, 0x9f, 0x98], 1],
    ['a surrogate', [0xed, 0xa0, 0x80], 0],
  ])('what is not UTF-8 is named by byte and line wherever it is cut: %s', async (_, wrong, at) => {
    for (let before = 0; before <= wrong.length; before++) {
      const start = TEXT_CHUNK - before;
      const line = PAD.slice(0, start).split('\n').length;
      expect(await refusal(file(cut(Uint8Array.from(wrong), before)))).toMatch(
        new RegExp(`^invalid: FILE: byte ${start + at} \\(0x${wrong[at].toString(16)}, in line ${line}\\) is not UTF-8`),
      );
    }
  });

  test('a sequence that the end of the file cuts, right behind a piece', async () => {
    const bytes = Buffer.concat([Buffer.from(PAD.slice(0, TEXT_CHUNK - 1)), Uint8Array.of(0xe2, 0x82)]);
    expect(await refusal(file(bytes))).toMatch(new RegExp(`byte ${TEXT_CHUNK - 1} \\(0xe2`));
  });

  test('an archive whose first piece is text is still named', async () => {
    const bytes = Buffer.concat([Buffer.from('BZh is what it begins with\n'), cut('', 0), Uint8Array.of(0xff)]);
    expect(await refusal(file(bytes))).toMatch(/this is compressed by bzip2/);
  });
});
