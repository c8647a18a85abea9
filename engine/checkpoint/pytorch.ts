/**
 * PyTorch's own checkpoints (pytorch_model.bin): since 1.6 a ZIP archive with one pickle and the storages as raw bytes, before that
 * pickles and storages one behind the other. A pickle is read as data, never executed, and only what a state_dict of tensors
 * consists of is understood. Tensors are read one by one, when they are asked for.
 */
import type { FileHandle } from 'node:fs/promises';
import { HabsburgError } from '../../common/errors.js';
import { fromBfloat16, fromFloat16 } from './halfprecision.js';
import { firstBytes } from '../../common/open-file.js';
import { withWeightFile } from './open.js';
import { PersistentId, PickleError, PickleGlobal, readPickle, type PickleValue } from './pickle.js';
import { readRange, readTensors, type TensorSource, type TensorSources, type Weights } from './safetensors.js';
import { readZipDirectory } from './zip.js';

interface StorageType {
  /** bytes a number */
  readonly size: number;
  /** safetensors' name; absent: integers, which are no weights */
  readonly dtype?: string;
  readonly toFloat32: (bytes: Uint8Array) => Float32Array;
}
const notRead = (): never => {
  throw new Error('internal: integers are no weights');
};
const STORAGES: Readonly<Record<string, StorageType>> = {
  'torch.FloatStorage': { size: 4, dtype: 'F32', toFloat32: (b) => new Float32Array(b.buffer) },
  'torch.HalfStorage': { size: 2, dtype: 'F16', toFloat32: (b) => fromFloat16(new Uint16Array(b.buffer)) },
  'torch.BFloat16Storage': { size: 2, dtype: 'BF16', toFloat32: (b) => fromBfloat16(new Uint16Array(b.buffer)) },
  'torch.DoubleStorage': { size: 8, dtype: 'F64', toFloat32: (b) => Float32Array.from(new Float64Array(b.buffer)) },
  'torch.LongStorage': { size: 8, toFloat32: notRead },
  'torch.IntStorage': { size: 4, toFloat32: notRead },
  'torch.ByteStorage': { size: 1, toFloat32: notRead },
  'torch.BoolStorage': { size: 1, toFloat32: notRead },
};

const MAX_DIMENSIONS = 64;

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
    const [kind, type, key, , , view] = storage.parts;
    if (kind !== 'storage' || !(type instanceof PickleGlobal) || !Object.hasOwn(STORAGES, type.name) || typeof key !== 'string')
      throw new PickleError('it has a storage of an unknown kind');
    if (view !== undefined && view !== null) throw new PickleError('it has a storage that is part of another one');
    return new TensorView({ key, type: STORAGES[type.name] }, natural(offset), naturals(shape), naturals(strides));
  },
  'torch._utils._rebuild_parameter': ([tensor]: readonly PickleValue[]): PickleValue => tensor,
};
const NAMES: ReadonlySet<string> = new Set(Object.keys(STORAGES));

function natural(value: PickleValue): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new PickleError('it has a tensor of no valid size');
  return value as number;
}
function naturals(value: PickleValue): number[] {
  if (!Array.isArray(value) || value.length > MAX_DIMENSIONS) throw new PickleError('it has a tensor of no valid size');
  return value.map(natural);
}

/** Where a storage's bytes lie. */
interface Place {
  readonly offset: number;
  readonly bytes: number;
}
interface StateDict {
  readonly views: readonly (readonly [string, TensorView])[];
  /** by the storage's key */
  readonly place: (key: string) => Promise<Place | undefined>;
}

/**
 * All floating-point tensors of a file as float32; integer tensors, which are buffers, are left out. Errors are openPytorch's.
 */
export async function readPytorch(path: string): Promise<Weights> {
  return readTensors(await openPytorch(path));
}

/**
 * The floating-point tensors of a file, not read yet; every one lies within its storage, and every storage within the file.
 * @throws HabsburgError `notFound`, `verification` when it is damaged, or holds anything but a dict of tensors
 */
export async function openPytorch(path: string): Promise<TensorSources> {
  return withWeightFile(path, async (file, size) => {
    const legacy = (await firstBytes(file, LEGACY.length)).equals(LEGACY);
    const { views, place } = await (legacy ? readLegacy(file, path, size) : readArchive(file, path, size));
    const sources: TensorSources = new Map();
    for (const [name, view] of views) {
      if (view.storage.type.dtype === undefined) continue;
      const found = await place(view.storage.key);
      if (found === undefined || found.bytes % view.storage.type.size !== 0)
        throw new HabsburgError('verification', `${path} lacks the storage of ${name}; fetch or export it again`);
      sources.set(name, sourceOf(view, found, path, name));
    }
    return sources;
  });
}

async function readArchive(file: FileHandle, path: string, size: number): Promise<StateDict> {
  const entries = await readZipDirectory(file, path, size);
  const pickle = [...entries.values()].find(({ name }) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickle === undefined) throw new HabsburgError('verification', `${path} is no PyTorch checkpoint: it has no data.pkl`);
  const root = pickle.name.slice(0, -'data.pkl'.length);
  const bytes = await readRange({ path, offset: await pickle.offset() }, pickle.size);
  const views = refusing(path, () => viewsOf(readPickle(Buffer.from(bytes.buffer), CALLABLES, NAMES).value));
  const place = async (key: string): Promise<Place | undefined> => {
    const entry = entries.get(`${root}data/${key}`);
    return entry && { offset: await entry.offset(), bytes: entry.size };
  };
  return { views, place };
}

/** How a file of before PyTorch 1.6 begins: its magic number and the protocol, each as a pickle. */
const LEGACY = Buffer.from('80028a0a6cfc9c46f9206aa850192e80024de9032e', 'hex');
/** Bytes at most before the storages: pickles of the system's properties, of the tensors, and of the storages' keys in order. */
const LEGACY_HEAD = 64 * 1024 * 1024;

async function readLegacy(file: FileHandle, path: string, size: number): Promise<StateDict> {
  const head = await firstBytes(file, Math.min(size, LEGACY_HEAD));
  const { views, keys, end } = refusing(path, () => {
    const system = readPickle(head, CALLABLES, NAMES, LEGACY.length);
    const tensors = readPickle(head, CALLABLES, NAMES, system.end);
    const order = readPickle(head, CALLABLES, NAMES, tensors.end);
    if (!Array.isArray(order.value)) throw new PickleError('it has no list of storages');
    return { views: viewsOf(tensors.value), keys: order.value, end: order.end };
  });
  const itemSizes = new Map(views.map(([, { storage }]) => [storage.key, storage.type.size]));
  const places = new Map<string, Place>();
  let at = end;
  for (const key of keys) {
    const itemSize = itemSizes.get(key as string);
    const count = at + 8 <= size ? Buffer.from(await readRange({ path, offset: at }, 8)).readBigInt64LE() : -1n;
    if (itemSize === undefined || count < 0n || count > BigInt(size) || at + 8 + Number(count) * itemSize > size)
      throw new HabsburgError('verification', `${path} has storages that do not fit into it (truncated?); fetch or export it again`); // prettier-ignore
    places.set(key as string, { offset: at + 8, bytes: Number(count) * itemSize });
    at += 8 + Number(count) * itemSize;
  }
  return { views, place: (key) => Promise.resolve(places.get(key)) };
}

function refusing<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof PickleError)) throw error;
    throw new HabsburgError('verification', `${path} is refused: ${error.message}`, { cause: error });
  }
}

function viewsOf(root: PickleValue): [string, TensorView][] {
  if (!(root instanceof Map)) throw new PickleError('it is no dict');
  return [...root].map(([name, value]) => {
    if (typeof name !== 'string') throw new PickleError('it has an entry whose name is no text');
    if (!(value instanceof TensorView))
      throw new PickleError(`its entry ${JSON.stringify(name)} is no tensor; save the model's state_dict by itself`);
    return [name, value];
  });
}

/** @throws HabsburgError `verification` where the view has more numbers than its storage, or some that lie outside of it */
function sourceOf(view: TensorView, place: Place, path: string, name: string): TensorSource {
  const { shape, strides, offset } = view;
  const { size, dtype, toFloat32 } = view.storage.type;
  const stored = place.bytes / size;
  const count = shape.reduce((a, b) => a * b, 1);
  const last = shape.reduce((at, n, i) => at + (n - 1) * strides[i], offset);
  if (shape.length !== strides.length || count > stored || (count > 0 && !(last < stored)))
    throw new HabsburgError('verification', `${path}: ${name} reaches beyond its storage; fetch or export the file again`);
  const read = async (): Promise<Float32Array> => {
    if (count === 0) return new Float32Array(0);
    const bytes = await readRange({ path, offset: place.offset + offset * size }, (last - offset + 1) * size);
    return gather(view, count, toFloat32(bytes));
  };
  return { shape, dtype: dtype!, read };
}

/** The view's numbers in row-major order; `numbers` begin with its first one. */
function gather({ shape, strides }: TensorView, count: number, numbers: Float32Array): Float32Array {
  const dense = shape.reduceRight((step, n, i) => (step === strides[i] || n === 1 ? step * n : NaN), 1);
  if (dense === count) return numbers;
  const out = new Float32Array(count);
  const index = new Array<number>(shape.length).fill(0);
  let at = 0;
  for (let i = 0; i < count; i++) {
    out[i] = numbers[at];
    for (let k = shape.length - 1; k >= 0; k--) {
      at += strides[k];
      if (++index[k] < shape[k]) break;
      at -= strides[k] * shape[k];
      index[k] = 0;
    }
  }
  return out;
}
