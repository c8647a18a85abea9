/**
 * The safetensors format (https://github.com/huggingface/safetensors): 8 bytes of header length, a JSON header, raw little-endian
 * tensors. Reading trusts nothing: a damaged or hostile file is refused before any of its numbers is used.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fromSystemError, HabsburgError } from '../../common/errors.js';
import { openToRead } from './open.js';
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
  const file = await openToRead(path);
  try {
    const { size } = await file.stat();
    const { entries, dataStart } = await readHeader(file, path, size);
    const weights: Weights = new Map();
    for (const entry of entries) {
      const data = await readFloats(file, path, entry, dataStart);
      const range = entry.dtype === 'F32' ? { path: resolve(path), offset: dataStart + entry.begin } : undefined;
      weights.set(entry.name, { shape: entry.shape, data, file: range });
    }
    return weights;
  } finally {
    await file.close();
  }
}

function damaged(path: string, what: string): HabsburgError {
  return new HabsburgError('verification', `${path} is not a valid safetensors file: ${what}; fetch or export it again`);
}

async function readExactly(file: FileHandle, path: string, target: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < target.length;) {
    const { bytesRead } = await file.read(target, done, Math.min(READ_CHUNK, target.length - done), position + done);
    if (bytesRead === 0) throw damaged(path, 'it ends too early');
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
  const where = `tensor ${JSON.stringify(name)}`;
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

async function readFloats(file: FileHandle, path: string, entry: Entry, dataStart: number): Promise<Float32Array> {
  if (!FLOATS.has(entry.dtype)) {
    throw new HabsburgError(
      'invalid',
      `${path}: tensor ${JSON.stringify(entry.name)} is ${entry.dtype}; only F32, F16, BF16 and F64 weights can be loaded`,
    );
  }
  const bytes = new Uint8Array(entry.end - entry.begin);
  await readExactly(file, path, bytes, dataStart + entry.begin);
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
  const sorted = [...weights].sort(([a], [b]) => (a < b ? -1 : 1));
  const header: [string, unknown][] = [['__metadata__', { format: 'pt' }]];
  let at = 0;
  for (const [name, { shape, data }] of sorted) {
    header.push([name, { dtype: 'F32', shape, data_offsets: [at, at + data.byteLength] }]);
    at += data.byteLength;
  }
  const text = Buffer.from(JSON.stringify(Object.fromEntries(header)));
  const padded = Buffer.alloc(8 + Math.ceil(text.length / 8) * 8, ' ');
  padded.writeBigUInt64LE(BigInt(padded.length - 8));
  text.copy(padded, 8);
  try {
    const file = await open(path, 'w');
    try {
      await writeFully(file, padded);
      for (const [, { data }] of sorted) await writeFully(file, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
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
