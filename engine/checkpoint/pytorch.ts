/**
 * PyTorch's own checkpoints (pytorch_model.bin, torch.save since 1.6): a ZIP archive with one pickle and the storages as raw bytes.
 * The pickle is read as data, never executed, and only what a state_dict of tensors consists of is understood.
 */
import type { FileHandle } from 'node:fs/promises';
import { HabsburgError } from '../../common/errors.js';
import { openToRead } from './open.js';
import { fromBfloat16, fromFloat16 } from './halfprecision.js';
import { PersistentId, PickleError, PickleGlobal, readPickle, type PickleValue } from './pickle.js';
import type { Weights } from './safetensors.js';
import { readZipDirectory, type ZipEntry } from './zip.js';

interface StorageType {
  readonly size: number;
  /** absent: integers, which are no weights */
  readonly toFloat32?: (bytes: Uint8Array) => Float32Array;
}
const copied = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;
const STORAGES: Readonly<Record<string, StorageType>> = {
  'torch.FloatStorage': { size: 4, toFloat32: (b) => new Float32Array(copied(b)) },
  'torch.HalfStorage': { size: 2, toFloat32: (b) => fromFloat16(new Uint16Array(copied(b))) },
  'torch.BFloat16Storage': { size: 2, toFloat32: (b) => fromBfloat16(new Uint16Array(copied(b))) },
  'torch.DoubleStorage': { size: 8, toFloat32: (b) => Float32Array.from(new Float64Array(copied(b))) },
  'torch.LongStorage': { size: 8 },
  'torch.IntStorage': { size: 4 },
  'torch.ByteStorage': { size: 1 },
  'torch.BoolStorage': { size: 1 },
};

/** A tensor as the pickle describes it. */
class TensorView {
  constructor(
    readonly storage: { readonly key: string; readonly type: StorageType },
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {}
}

const CALLABLES = {
  'collections.OrderedDict': (args: readonly PickleValue[]): PickleValue => {
    if (args.length > 0) throw new PickleError('it makes an OrderedDict from arguments');
    return new Map();
  },
  'torch._utils._rebuild_tensor_v2': ([storage, offset, shape, strides]: readonly PickleValue[]): PickleValue => {
    if (!(storage instanceof PersistentId)) throw new PickleError('it has a tensor without a storage');
    const [kind, type, key] = storage.parts;
    if (kind !== 'storage' || !(type instanceof PickleGlobal) || !Object.hasOwn(STORAGES, type.name) || typeof key !== 'string')
      throw new PickleError('it has a storage of an unknown kind');
    return new TensorView({ key, type: STORAGES[type.name] }, natural(offset), naturals(shape), naturals(strides));
  },
  'torch._utils._rebuild_parameter': ([tensor]: readonly PickleValue[]): PickleValue => tensor,
};

function natural(value: PickleValue): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new PickleError('it has a tensor of no valid size');
  return value as number;
}
function naturals(value: PickleValue): number[] {
  if (!Array.isArray(value)) throw new PickleError('it has a tensor of no valid size');
  return value.map(natural);
}

/**
 * All floating-point tensors of a file as float32; integer tensors, which are buffers, are left out.
 * @throws HabsburgError `notFound`, `verification` when it is damaged, or holds anything but a dict of tensors
 */
export async function readPytorch(path: string): Promise<Weights> {
  const file = await openToRead(path);
  try {
    const entries = await readZipDirectory(file, path, (await file.stat()).size);
    const pickle = entries.find(({ name }) => /^[^/]+\/data\.pkl$/.test(name));
    if (pickle === undefined) throw new HabsburgError('verification', `${path} is no PyTorch checkpoint: it has no data.pkl`);
    const root = pickle.name.slice(0, -'data.pkl'.length);
    const views = tensorsOf(await readEntry(file, path, pickle), path);
    const weights: Weights = new Map();
    // A storage stays in memory only while another tensor needs it too.
    const uses = new Map<string, number>();
    for (const [, { storage }] of views) uses.set(storage.key, (uses.get(storage.key) ?? 0) + 1);
    const storages = new Map<string, Float32Array>();
    for (const [name, view] of views) {
      const { key, type } = view.storage;
      if (type.toFloat32 === undefined) continue;
      let storage = storages.get(key);
      if (storage === undefined) {
        const entry = entries.find((candidate) => candidate.name === `${root}data/${key}`);
        if (entry === undefined || entry.size % type.size !== 0)
          throw new HabsburgError('verification', `${path} lacks the storage of ${name}; fetch or export it again`);
        storage = type.toFloat32(await readEntry(file, path, entry));
        if (uses.get(key)! > 1) storages.set(key, storage);
      }
      weights.set(name, { shape: view.shape, data: gather(view, storage, `${path}: ${name}`) });
    }
    return weights;
  } finally {
    await file.close();
  }
}

function tensorsOf(pickle: Buffer, path: string): [string, TensorView][] {
  try {
    const root = readPickle(pickle, CALLABLES, new Set(Object.keys(STORAGES)));
    if (!(root instanceof Map)) throw new PickleError('it is no dict');
    return [...root].map(([name, value]) => {
      if (typeof name !== 'string' || !(value instanceof TensorView))
        throw new PickleError(`its entry ${JSON.stringify(name)} is no tensor; save the model's state_dict by itself`);
      return [name, value];
    });
  } catch (error) {
    if (!(error instanceof PickleError)) throw error;
    throw new HabsburgError('verification', `${path} is refused: ${error.message}`, { cause: error });
  }
}

async function readEntry(file: FileHandle, path: string, { offset, size, name }: ZipEntry): Promise<Buffer> {
  const bytes = Buffer.alloc(size);
  for (let done = 0; done < size;) {
    const { bytesRead } = await file.read(bytes, done, Math.min(64 * 1024 * 1024, size - done), offset + done);
    if (bytesRead === 0) throw new HabsburgError('verification', `${path} ends within ${name} (truncated?)`);
    done += bytesRead;
  }
  return bytes;
}

/** The view's numbers in row-major order, in an array of their own. */
function gather({ shape, strides, offset }: TensorView, storage: Float32Array, where: string): Float32Array {
  const size = shape.reduce((a, b) => a * b, 1);
  const last = shape.reduce((at, n, i) => at + (n - 1) * strides[i], offset);
  if (shape.length !== strides.length || (size > 0 && !(last < storage.length)))
    throw new HabsburgError('verification', `${where} reaches beyond its storage; fetch or export the file again`);
  const dense = shape.reduceRight((step, n, i) => (step === strides[i] || n === 1 ? step * n : NaN), 1);
  if (dense === size) return storage.slice(offset, offset + size);
  const out = new Float32Array(size);
  const index = new Array<number>(shape.length).fill(0);
  let at = offset;
  for (let i = 0; i < size; i++) {
    out[i] = storage[at];
    for (let k = shape.length - 1; k >= 0; k--) {
      at += strides[k];
      if (++index[k] < shape[k]) break;
      at -= strides[k] * shape[k];
      index[k] = 0;
    }
  }
  return out;
}
