/** A file of a trained parser: a JSON head and parts of bytes, compressed. Equal heads and parts give equal bytes. */
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { HabsburgError } from '../common/errors.js';

/** @param quality of brotli, 0 to 11 */
export function packed(format: string, head: object, parts: readonly Uint8Array[], quality: number): Uint8Array {
  const json = Buffer.from(JSON.stringify({ format, ...head }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return brotliCompressSync(Buffer.concat([length, json, ...parts]), {
    params: { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_LGWIN]: 24 },
  });
}

/**
 * What `read` makes of a file's head and of all its bytes, in which the parts begin at `at`.
 * @param what the file should be, for people
 * @throws HabsburgError 'verification' where `where` is no such file, or `read` finds it wrong
 */
export function unpacked<Head extends object, T>(
  file: Uint8Array,
  { format, what, where }: { readonly format: string; readonly what: string; readonly where: string },
  read: (head: Head, bytes: Buffer, at: number) => T,
): T {
  try {
    const bytes = brotliDecompressSync(file);
    const at = 4 + bytes.readUInt32LE(0);
    const { format: found, ...head } = JSON.parse(bytes.toString('utf8', 4, at)) as Head & { readonly format: string };
    if (found !== format) throw new Error(`its format is ${found}, not ${format}`);
    return read(head as unknown as Head, bytes, at);
  } catch (cause) {
    throw new HabsburgError('verification', `${where} is no ${what} of a parser: ${(cause as Error).message}`, { cause });
  }
}
