/** Texts as people have them: what is read, and what is refused by name. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from '@jest/globals';
import { LONGEST_TEXT, readTextFile } from '../../common/text-file.js';

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
    expect((await readTextFile(file(content))).text).toBe(text);
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
    expect((await readTextFile(file('<html></html>', '.html'))).text).toBe('<html></html>');
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
    const { text } = await readTextFile(pipe);
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
