/** The ZIP container as torch.save writes it: stored entries, ZIP64 for large ones. Only listing and locating; no decompression. */
import type { FileHandle } from 'node:fs/promises';
import { HabsburgError } from '../../common/errors.js';

export interface ZipEntry {
  readonly name: string;
  readonly size: number;
  /** position of its first byte in the file */
  offset(): Promise<number>;
}

const END = 0x06054b50;
const END_SIZE = 22;
const ZIP64_LOCATOR = 0x07064b50;
const ZIP64_END = 0x06064b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const ZIP64_EXTRA = 1;
/** What a 32-bit field holds when ZIP64's extra field has the number. */
const ELSEWHERE = 0xffffffff;
const MAX_COMMENT = 65535;
const MAX_DIRECTORY = 64 * 1024 * 1024;

/**
 * The entries by name. The file must stay open for as long as their offsets are asked for.
 * @throws HabsburgError `verification` when the file is no whole ZIP archive of stored entries
 */
export async function readZipDirectory(file: FileHandle, path: string, fileSize: number): Promise<Map<string, ZipEntry>> {
  const damaged = (what: string): HabsburgError =>
    new HabsburgError('verification', `${path} is not a valid PyTorch archive: ${what}; fetch or export it again`);
  const read = async (position: number, length: number): Promise<Buffer> => {
    const bytes = Buffer.alloc(length);
    if (position < 0 || position + length > fileSize) throw damaged('it ends too early (truncated?)');
    if ((await file.read(bytes, 0, length, position)).bytesRead !== length) throw damaged('it ends too early (truncated?)');
    return bytes;
  };
  const size = (value: bigint): number => {
    if (value > BigInt(fileSize)) throw damaged(`it claims ${value} bytes`);
    return Number(value);
  };

  const tailStart = Math.max(0, fileSize - END_SIZE - MAX_COMMENT);
  const tail = await read(tailStart, fileSize - tailStart);
  let end = tail.length - END_SIZE;
  while (end >= 0 && tail.readUInt32LE(end) !== END) end--;
  if (end < 0) throw damaged('it has no table of contents (truncated?)');
  let [length, start] = [tail.readUInt32LE(end + 12), tail.readUInt32LE(end + 16)];
  if (end >= 20 && tail.readUInt32LE(end - 20) === ZIP64_LOCATOR) {
    const record = await read(size(tail.readBigUInt64LE(end - 12)), 56);
    if (record.readUInt32LE(0) !== ZIP64_END) throw damaged('its ZIP64 table is missing');
    [length, start] = [size(record.readBigUInt64LE(40)), size(record.readBigUInt64LE(48))];
  }
  if (length > MAX_DIRECTORY) throw damaged(`its table of contents claims ${length} bytes`);
  const table = await read(start, length);

  const entries = new Map<string, ZipEntry>();
  for (let at = 0; at < table.length;) {
    if (at + 46 > table.length || table.readUInt32LE(at) !== CENTRAL) throw damaged('its table of contents is broken');
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) => table.readUInt16LE(at + field));
    const next = at + 46 + nameLength + extraLength + commentLength;
    if (next > table.length) throw damaged('its table of contents is broken');
    const name = table.toString('utf8', at + 46, at + 46 + nameLength);
    if (table.readUInt16LE(at + 10) !== 0) throw damaged(`its entry ${JSON.stringify(name)} is compressed`);
    const extra = table.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength);
    // ZIP64's numbers stand in this order, each only where the field itself says that it is elsewhere.
    const large = zip64Numbers(extra);
    const field = (value: number): number => (value === ELSEWHERE ? size(large.shift() ?? 0n) : value);
    const entrySize = field(table.readUInt32LE(at + 24));
    field(table.readUInt32LE(at + 20));
    const localAt = field(table.readUInt32LE(at + 42));
    const offset = async (): Promise<number> => {
      const local = await read(localAt, 30);
      if (local.readUInt32LE(0) !== LOCAL) throw damaged(`its entry ${JSON.stringify(name)} is not where it should be`);
      const first = localAt + 30 + local.readUInt16LE(26) + local.readUInt16LE(28);
      if (first + entrySize > fileSize) throw damaged(`its entry ${JSON.stringify(name)} reaches beyond its end`);
      return first;
    };
    if (!entries.has(name)) entries.set(name, { name, size: entrySize, offset });
    at = next;
  }
  return entries;
}

function zip64Numbers(extra: Buffer): bigint[] {
  for (let at = 0; at + 4 <= extra.length;) {
    const [id, length] = [extra.readUInt16LE(at), extra.readUInt16LE(at + 2)];
    if (id === ZIP64_EXTRA) {
      const count = Math.floor(Math.min(length, extra.length - at - 4) / 8);
      return Array.from({ length: count }, (_, i) => extra.readBigUInt64LE(at + 4 + 8 * i));
    }
    at += 4 + length;
  }
  return [];
}
