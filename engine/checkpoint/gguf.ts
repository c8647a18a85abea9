/**
 * The GGUF container (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, versions 2 and 3): metadata, then tensors in
 * ggml's types. Reading trusts nothing: counts and offsets are checked against the file before anything is allocated for them.
 */
import { stat, type FileHandle } from 'node:fs/promises';
import { HabsburgError } from '../../common/errors.js';
import { firstBytes, openToRead } from '../../common/open-file.js';
import { withWeightFile } from './open.js';
import { readRange } from './safetensors.js';
import { GGML_TYPES, type GgmlType } from './ggml.js';

export type GgufValue = number | bigint | boolean | string | readonly GgufValue[];
export type GgufMetadata = ReadonlyMap<string, GgufValue>;

interface Entry {
  readonly name: string;
  /** slowest dimension first, as everywhere here; the file has them the other way round */
  readonly shape: readonly number[];
  readonly type: number;
  readonly offset: number;
}

/** A tensor that has not been read yet. */
export interface GgufTensor {
  readonly name: string;
  /** slowest dimension first */
  readonly shape: readonly number[];
  readonly type: GgmlType;
  /** as the file has it */
  bytes(): Promise<Uint8Array>;
}

export interface GgufFile {
  readonly metadata: GgufMetadata;
  readonly tensors: readonly GgufTensor[];
}

const CHUNK = 4 * 1024 * 1024;
const MAX_DIMENSIONS = 4;
const MAX_NESTING = 4;

const MAGIC = 'GGUF';
/** Values that all metadata arrays hold together at most; vocabularies and their merges have under two million. */
const MAX_ITEMS = 2 ** 24;

/**
 * Whether a path is such a file, which holds a whole checkpoint, tokenizer included: by its first bytes (Ollama's are named after
 * their digest), or by its name where it is damaged or not there.
 */
export async function isGguf(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (/\.gguf$/i.test(path)) return !found?.isDirectory();
  if (!found?.isFile()) return false;
  const file = await openToRead(path);
  try {
    return (await firstBytes(file, MAGIC.length)).toString('latin1') === MAGIC;
  } finally {
    await file.close();
  }
}

function damaged(path: string, what: string): HabsburgError {
  return new HabsburgError('verification', `${path} is not a valid GGUF file: ${what}; fetch or export it again`);
}

/**
 * @throws HabsburgError `notFound` without the file, `verification` when it is damaged, `invalid` naming a tensor type that is not
 *   supported
 */
export async function openGguf(path: string): Promise<GgufFile> {
  return withWeightFile(path, async (file, size) => {
    const reader = new Reader(file, path, size);
    const { metadata, entries, dataStart } = await readHeader(reader, path);
    for (const entry of entries) checkEntry(entry, path, size - dataStart);
    const tensors = entries.map((entry) => ({
      name: entry.name,
      shape: entry.shape,
      type: GGML_TYPES[entry.type],
      bytes: () => readRange({ path, offset: dataStart + entry.offset }, byteLength(entry)),
    }));
    return { metadata, tensors };
  });
}

async function readHeader(
  reader: Reader,
  path: string,
): Promise<{ metadata: GgufMetadata; entries: Entry[]; dataStart: number }> {
  if ((await reader.bytes(4)).toString('latin1') !== MAGIC) throw damaged(path, 'it does not begin with GGUF');
  const version = await reader.u32();
  if (version > 0 && (version & 0xffff) === 0)
    throw new HabsburgError(
      'invalid',
      `${path} is a GGUF file in big-endian order, for another kind of machine; take the little-endian one, or convert it with gguf-convert-endian`,
    );
  if (version !== 2 && version !== 3)
    throw new HabsburgError(
      'invalid',
      `${path}: GGUF version ${version} is not supported, only 2 and 3; convert the model again with a current llama.cpp`,
    );
  const tensorCount = await reader.count(24);
  const pairCount = await reader.count(12);
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < pairCount; i++) {
    const key = await reader.string();
    if (metadata.has(key)) throw damaged(path, `the key ${JSON.stringify(key)} occurs twice`);
    metadata.set(key, await reader.value(await reader.u32()));
  }
  const entries: Entry[] = [];
  const names = new Set<string>();
  for (let i = 0; i < tensorCount; i++) {
    const name = await reader.string();
    if (names.has(name)) throw damaged(path, `the tensor ${JSON.stringify(name)} occurs twice`);
    names.add(name);
    const rank = await reader.u32();
    if (rank > MAX_DIMENSIONS) throw damaged(path, `tensor ${JSON.stringify(name)} has ${rank} dimensions`);
    const shape: number[] = [];
    for (let k = 0; k < rank; k++) shape.unshift(await reader.u64());
    entries.push({ name, shape, type: await reader.u32(), offset: await reader.u64() });
  }
  const alignment = metadata.get('general.alignment') ?? 32;
  if (typeof alignment !== 'number' || !Number.isInteger(alignment) || alignment < 1)
    throw damaged(path, 'general.alignment is no number');
  return { metadata, entries, dataStart: Math.ceil(reader.position / alignment) * alignment };
}

/** Bytes of a tensor's data. */
function byteLength({ shape, type }: Entry): number {
  const { block, bytes } = GGML_TYPES[type];
  return (shape.reduce((a, b) => a * b, 1) / block) * bytes;
}

function checkEntry(entry: Entry, path: string, dataLength: number): void {
  const where = `tensor ${JSON.stringify(entry.name)}`;
  if (!Object.hasOwn(GGML_TYPES, entry.type)) {
    const known = Object.values(GGML_TYPES).map(({ name }) => name);
    throw new HabsburgError('invalid', `${path}: ${where} has ggml type ${entry.type}; supported are ${known.join(', ')}`);
  }
  if ((entry.shape.at(-1) ?? 1) % GGML_TYPES[entry.type].block !== 0)
    throw damaged(path, `${where} of shape (${entry.shape.join(', ')}) is no whole number of blocks`);
  const length = byteLength(entry);
  if (!Number.isSafeInteger(length) || entry.offset + length > dataLength)
    throw damaged(path, `${where} reaches beyond the end of the file (truncated?)`);
}

/** Little-endian values, one after the other. */
class Reader {
  #chunk = Buffer.alloc(0);
  #at = 0;
  #items = 0;
  constructor(
    readonly file: FileHandle,
    readonly path: string,
    readonly size: number,
    public position = 0,
  ) {}

  async bytes(length: number): Promise<Buffer> {
    if (this.position + length > this.size) throw damaged(this.path, 'it ends too early (truncated?)');
    if (this.#at + length > this.#chunk.length) {
      const rest = this.#chunk.subarray(this.#at);
      const next = Buffer.alloc(Math.max(length, Math.min(CHUNK, this.size - this.position)));
      rest.copy(next);
      let done = rest.length;
      while (done < next.length) {
        const { bytesRead } = await this.file.read(next, done, Math.min(CHUNK * 16, next.length - done), this.position + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      if (done < length) throw damaged(this.path, 'it ends too early (truncated?)');
      this.#chunk = next.subarray(0, done);
      this.#at = 0;
    }
    const result = this.#chunk.subarray(this.#at, this.#at + length);
    this.#at += length;
    this.position += length;
    return result;
  }

  async u32(): Promise<number> {
    return (await this.bytes(4)).readUInt32LE();
  }
  async u64(): Promise<number> {
    const value = (await this.bytes(8)).readBigUInt64LE();
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw damaged(this.path, `it claims a size of ${value}`);
    return Number(value);
  }
  /** A number of items of at least `itemSize` bytes each. */
  async count(itemSize: number): Promise<number> {
    const n = await this.u64();
    if (n * itemSize > this.size - this.position) throw damaged(this.path, `it claims ${n} entries, more than it can hold`);
    return n;
  }
  async string(): Promise<string> {
    return (await this.bytes(await this.count(1))).toString('utf8');
  }

  async value(type: number, depth = 0): Promise<GgufValue> {
    if (type === 8) return this.string();
    if (type === 9) {
      if (depth === MAX_NESTING) throw damaged(this.path, 'its metadata is nested too deep');
      const itemType = await this.u32();
      const n = await this.count(SCALARS[itemType]?.size ?? (itemType === 9 ? 12 : 8));
      this.#items += n;
      if (this.#items > MAX_ITEMS) throw damaged(this.path, `its metadata lists more than ${MAX_ITEMS} values`);
      const items: GgufValue[] = [];
      for (let i = 0; i < n; i++) items.push(await this.value(itemType, depth + 1));
      return items;
    }
    const scalar = SCALARS[type] as (typeof SCALARS)[number] | undefined;
    if (scalar === undefined) throw damaged(this.path, `its metadata holds the unknown type ${type}`);
    return scalar.read(await this.bytes(scalar.size));
  }
}

/** Metadata types by number, but for strings (8) and arrays (9). */
const SCALARS: Readonly<Record<number, { readonly size: number; readonly read: (bytes: Buffer) => GgufValue }>> = {
  0: { size: 1, read: (b) => b.readUInt8() },
  1: { size: 1, read: (b) => b.readInt8() },
  2: { size: 2, read: (b) => b.readUInt16LE() },
  3: { size: 2, read: (b) => b.readInt16LE() },
  4: { size: 4, read: (b) => b.readUInt32LE() },
  5: { size: 4, read: (b) => b.readInt32LE() },
  6: { size: 4, read: (b) => b.readFloatLE() },
  7: { size: 1, read: (b) => b.readUInt8() !== 0 },
  10: { size: 8, read: (b) => b.readBigUInt64LE() },
  11: { size: 8, read: (b) => b.readBigInt64LE() },
  12: { size: 8, read: (b) => b.readDoubleLE() },
};
