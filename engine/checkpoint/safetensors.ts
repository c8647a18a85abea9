/**
 * The safetensors format (https://github.com/huggingface/safetensors): 8 bytes of header length, a JSON header, raw little-endian
 * tensors. Reading trusts nothing: a damaged or hostile file is refused before any of its numbers is used.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fromSystemError, HabsburgError } from '../../common/errors.js';
import type { Bits, Blocks } from './blocks.js';
import { openToRead } from '../../common/open-file.js';
import { withWeightFile } from './open.js';
import type { FileRange } from '../graph/types.js';
import { fromBfloat16, fromFloat16 } from './halfprecision.js';
import { parseStrictJson } from './strictjson.js';

export interface NamedTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
  /** the file that holds these very bytes, for tensors that were read as they are */
  readonly file?: FileRange;
}
export type Weights = Map<string, NamedTensor>;

/** A tensor of a checkpoint that has not been read yet. */
export interface TensorSource {
  readonly shape: readonly number[];
  /** safetensors' name of what is stored */
  readonly dtype: string;
  /** where the stored bytes lie as they are */
  readonly file?: FileRange;
  /** the numbers as float32 */
  read(): Promise<Float32Array>;
  /** for what is quantised in the blocks that we use (blocks.ts): these, in so many bits, along the last dimension as stored */
  readonly blocks?: { readonly bits: Bits; readonly read: () => Promise<Blocks> };
}
export type TensorSources = Map<string, TensorSource>;

/** The format's own limit. */
const MAX_HEADER = 100_000_000;
/** Bytes read at a time, so that a large file does not need twice its size in memory. */
const READ_CHUNK = 64 * 1024 * 1024;
const ITEM_SIZE: Readonly<Record<string, number>> = {
  BOOL: 1, U8: 1, I8: 1, F8_E5M2: 1, F8_E4M3: 1, I16: 2, U16: 2, F16: 2, BF16: 2, I32: 4, U32: 4, F32: 4, F64: 8, I64: 8, U64: 8,
}; // prettier-ignore
const FLOATS: ReadonlySet<string> = new Set(['F32', 'F16', 'BF16', 'F64']);

interface Entry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/**
 * All floating-point tensors of a file as float32 (F16 and BF16 exactly, F64 rounded).
 * @throws HabsburgError `verification` when the file is damaged or breaks the format, `notFound` when it is not there,
 *   `invalid` when a tensor's dtype is not a float
 */
export async function readSafetensors(path: string): Promise<Weights> {
  return readTensors(await openSafetensors(path));
}

export async function readTensors(sources: TensorSources): Promise<Weights> {
  const weights: Weights = new Map();
  for (const [name, source] of sources)
    weights.set(name, { shape: source.shape, data: await source.read(), file: source.dtype === 'F32' ? source.file : undefined });
  return weights;
}

/**
 * The tensors of a file, of any dtype; only the header is read. Errors are readSafetensors's, `invalid` when such a tensor is read.
 */
export async function openSafetensors(path: string): Promise<TensorSources> {
  return withWeightFile(path, async (file, size) => {
    const { entries, dataStart } = await readHeader(file, path, size);
    return new Map(
      entries.map((entry) => [
        entry.name,
        {
          shape: entry.shape,
          dtype: entry.dtype,
          file: { path: resolve(path), offset: dataStart + entry.begin },
          read: () => readFloats(path, entry, dataStart),
        },
      ]),
    );
  });
}

/** So many bytes of a file. */
export async function readRange({ path, offset }: FileRange, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  const file = await openToRead(path);
  try {
    await readExactly(file, path, bytes, offset);
  } finally {
    await file.close();
  }
  return bytes;
}

function damaged(path: string, what: string): HabsburgError {
  return new HabsburgError('verification', `${path} is not a valid safetensors file: ${what}; fetch or export it again`);
}

async function readExactly(file: FileHandle, path: string, target: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < target.length;) {
    const { bytesRead } = await file.read(target, done, Math.min(READ_CHUNK, target.length - done), position + done);
    if (bytesRead === 0) throw new HabsburgError('verification', `${path} ends too early (truncated?); fetch or export it again`);
    done += bytesRead;
  }
}

async function readHeader(file: FileHandle, path: string, size: number): Promise<{ entries: Entry[]; dataStart: number }> {
  if (size < 8) throw damaged(path, `it has ${size} bytes, fewer than the length field`);
  const prefix = new Uint8Array(8);
  await readExactly(file, path, prefix, 0);
  const length = new DataView(prefix.buffer).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER))
    throw damaged(path, `its header claims ${length} bytes, more than the format's limit of ${MAX_HEADER}`);
  const headerLength = Number(length);
  if (headerLength > size - 8)
    throw damaged(path, `its header claims ${headerLength} bytes, but only ${size - 8} follow (truncated?)`);
  const bytes = new Uint8Array(headerLength);
  await readExactly(file, path, bytes, 8);
  let header: unknown;
  try {
    header = parseStrictJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw damaged(path, `its header is not valid JSON (${(error as Error).message})`);
  }
  if (!(header instanceof Map)) throw damaged(path, 'its header is not an object');
  const entries = [...header].filter(([name]) => name !== '__metadata__').map(([name, value]) => parseEntry(path, name, value));
  checkLayout(path, entries, size - 8 - headerLength);
  return { entries, dataStart: 8 + headerLength };
}

function parseEntry(path: string, name: string, value: unknown): Entry {
  const where = { toString: () => `tensor ${JSON.stringify(name)}` }; // made only where it is said
  if (!(value instanceof Map)) throw damaged(path, `${where} is not an object`);
  const dtype: unknown = value.get('dtype');
  const shape: unknown = value.get('shape');
  const offsets: unknown = value.get('data_offsets');
  const natural = (x: unknown): x is number => Number.isSafeInteger(x) && (x as number) >= 0;
  if (typeof dtype !== 'string' || !Object.hasOwn(ITEM_SIZE, dtype))
    throw damaged(path, `${where} has the unknown dtype ${JSON.stringify(dtype)}`);
  if (!Array.isArray(shape) || !shape.every(natural)) throw damaged(path, `${where} has no valid shape`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(natural))
    throw damaged(path, `${where} has no valid data_offsets`);
  const [begin, end] = offsets as [number, number];
  const bytes = (shape as number[]).reduce((a, b) => a * b, ITEM_SIZE[dtype]);
  if (!Number.isSafeInteger(bytes) || end - begin !== bytes) {
    throw damaged(
      path,
      `${where} of ${dtype} and shape (${shape.join(', ')}) needs ${bytes} bytes, its offsets span ${end - begin}`,
    );
  }
  return { name, dtype, shape: shape as number[], begin, end };
}

/** The tensors must tile the data: no overlap, no hole, nothing beyond the end, nothing left over. */
function checkLayout(path: string, entries: readonly Entry[], dataLength: number): void {
  let at = 0;
  for (const entry of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    const where = `tensor ${JSON.stringify(entry.name)}`;
    if (entry.begin < at) throw damaged(path, `${where} overlaps the tensor before it`);
    if (entry.begin > at) throw damaged(path, `there is a hole of ${entry.begin - at} bytes before ${where}`);
    at = entry.end;
    if (at > dataLength) throw damaged(path, `${where} reaches beyond the end of the file (truncated?)`);
  }
  if (at !== dataLength) throw damaged(path, `${dataLength - at} bytes after the last tensor belong to none`);
}

async function readFloats(path: string, entry: Entry, dataStart: number): Promise<Float32Array> {
  if (!FLOATS.has(entry.dtype)) {
    throw new HabsburgError(
      'invalid',
      `${path}: tensor ${JSON.stringify(entry.name)} is ${entry.dtype}; only F32, F16, BF16 and F64 weights can be loaded`,
    );
  }
  const bytes = await readRange({ path, offset: dataStart + entry.begin }, entry.end - entry.begin);
  if (entry.dtype === 'F32') return new Float32Array(bytes.buffer);
  if (entry.dtype === 'F64') return Float32Array.from(new Float64Array(bytes.buffer));
  const bits = new Uint16Array(bytes.buffer);
  return entry.dtype === 'F16' ? fromFloat16(bits) : fromBfloat16(bits);
}

/**
 * Writes float32 tensors, sorted by name, header padded to 8 bytes, `format: pt` in the metadata as transformers wants.
 * The same weights give the same bytes.
 */
export async function writeSafetensors(path: string, weights: ReadonlyMap<string, NamedTensor>): Promise<void> {
  const tensors = [...weights].map(([name, { shape, data }]): TensorToWrite => {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return { name, dtype: 'F32', shape, bytes: () => Promise.resolve([bytes]) };
  });
  await writeTensors(path, tensors, 'pt');
}

/** A tensor whose bytes are made when it is written. */
export interface TensorToWrite {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** in one piece or several */
  bytes(): Promise<readonly Uint8Array[]>;
}

/** The same for tensors of any dtype, whose bytes are made one tensor at a time. `format`: who can use the file. */
export async function writeTensors(path: string, tensors: readonly TensorToWrite[], format: string): Promise<void> {
  const sorted = [...tensors].sort((a, b) => (a.name < b.name ? -1 : 1));
  const header: [string, unknown][] = [['__metadata__', { format }]];
  let at = 0;
  for (const { name, dtype, shape } of sorted) {
    const length = shape.reduce((a, b) => a * b, ITEM_SIZE[dtype]);
    header.push([name, { dtype, shape, data_offsets: [at, at + length] }]);
    at += length;
  }
  const text = Buffer.from(JSON.stringify(Object.fromEntries(header)));
  const padded = Buffer.alloc(8 + Math.ceil(text.length / 8) * 8, ' ');
  padded.writeBigUInt64LE(BigInt(padded.length - 8));
  text.copy(padded, 8);
  try {
    const file = await open(path, 'w');
    try {
      await writeFully(file, padded);
      for (const tensor of sorted) for (const bytes of await tensor.bytes()) await writeFully(file, bytes);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw fromSystemError(error, `cannot write ${path}`);
  }
}

async function writeFully(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, Math.min(READ_CHUNK, bytes.length - done));
    done += bytesWritten;
  }
}
