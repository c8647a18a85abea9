/**
 * onnxruntime-node behind three lines: create from a graph, run with named tensors, release. run() blocks its thread and cannot
 * be cancelled, so callers keep each run short and yield between runs.
 */
import { mkdtemp, open, realpath, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import ort from 'onnxruntime-node';
import { fromSystemError, HabsburgError } from '../common/errors.js';
import type { Device } from './devices.js';
import { readRange } from './checkpoint/safetensors.js';
import { checkDevice } from './device.js';
import type { Graph } from './graph/graph.js';
import { NOTHING, toOnnx, type ExternalData } from './graph/onnx.js';
import { constantBytes, type Dtype, type TensorData, type Value } from './graph/types.js';
import { adaptToWebgpu } from './graph/webgpu.js';
import { residentCopy } from './resident.js';

export interface Tensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

export interface SessionOptions {
  /** CPU threads inside one operator; results do not depend on it */
  readonly threads: number;
  /** what computes; operators that it lacks run on the CPU. Default: cpu */
  readonly device?: Device;
  /**
   * What becomes of the memory of intermediate results. `planned`: laid out once as a whole and kept for the next run, fastest where
   * it is small; `kept`: taken piece by piece and kept (a large model's training takes a quarter less of it than planned, and is as
   * fast); `returned`: given back at once, for a session that runs now and then. Default: planned.
   */
  readonly memory?: 'planned' | 'kept' | 'returned';
  /**
   * Has onnxruntime map the graph's constants into memory, from the files they were read from or else from a temporary one, instead
   * of copying them inside the model: for graphs that carry weights.
   */
  readonly mapConstants?: boolean;
  /**
   * Whether onnxruntime rearranges constant matrices for its kernels, which takes a copy of each: worth it where few rows are
   * multiplied, and needless where there are hundreds. Default: yes.
   */
  readonly prepack?: boolean;
}

export function float32(data: Float32Array, shape: readonly number[]): Tensor {
  return { dtype: 'float32', shape, data };
}

export function int32(data: Int32Array, shape: readonly number[]): Tensor {
  return { dtype: 'int32', shape, data };
}

/** Weights from which on memory is scarcer than time. */
const LARGE_MODEL = 50e6;

/** Whether memory counts with a model of these weights (SessionOptions.memory). */
export function isLarge(
  weights: Readonly<Record<string, Tensor>>,
  stored: ReadonlyMap<string, { readonly shape: readonly number[] }> = new Map(),
): boolean {
  const numbers = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
  return [...Object.values(weights), ...stored.values()].reduce((n, { shape }) => n + numbers(shape), 0) > LARGE_MODEL;
}

/**
 * What onnxruntime-node 1.30 throws when it meets a sequence among the outputs. It copies every output, also those that were written
 * into arrays of the caller's; it does so in the model's order, after the run, and a sequence is where it stops. Where nothing needs
 * to be returned, one is fetched before all others, and so nothing is copied: neither the time nor the memory of a second set of gradients.
 */
const NO_SEQUENCES = /^Non tensor type is temporarily not supported/;

/** An input or output by name; one that is no tensor has no dtype. */
export interface Named {
  readonly name: string;
  readonly dtype?: string;
}

const named = (value: ort.InferenceSession.ValueMetadata): Named =>
  value.isTensor ? { name: value.name, dtype: value.type } : { name: value.name };

export class Session {
  readonly #session: ort.InferenceSession;

  private constructor(session: ort.InferenceSession) {
    this.#session = session;
  }

  static async create(graph: Graph, options: SessionOptions): Promise<Session> {
    const stored = graph.constants.some(({ data }) => data === undefined);
    if (stored && (options.device ?? 'cpu') !== 'cpu')
      throw new HabsburgError(
        'invalid',
        `device ${options.device}: quantised weights, and frozen ones that are mapped from their file, are computed on the cpu only; use the device cpu`,
      );
    if (options.device === 'webgpu') adaptToWebgpu(graph);
    const write: Writer = (external) => toOnnx(graph, external, { nothing: (options.device ?? 'cpu') === 'cpu' });
    if (!options.mapConstants && !stored) return new Session(await openSession(write(), options));
    const mapped = await mapFromFiles(graph, write);
    if (mapped !== undefined) return new Session(await openSession(mapped.bytes, options, mapped.folder));
    const folder = await mkdtemp(join(tmpdir(), 'habsburg-session-'));
    try {
      const copied = await mapFromCopy(graph, folder, write);
      return new Session(await openSession(copied.bytes, options, copied.folder));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /**
   * A model that is given as a file.
   * @throws HabsburgError 'verification' where onnxruntime cannot read it
   */
  static async open(path: string, options: SessionOptions): Promise<Session> {
    return new Session(await openSession(path, options));
  }

  /** What it takes and gives, in its order. */
  get inputs(): readonly Named[] {
    return this.#session.inputMetadata.map(named);
  }
  get outputs(): readonly Named[] {
    return this.#session.outputMetadata.map(named);
  }

  /**
   * Runs the graph.
   * @param feeds every input, by name; the arrays are read in place
   * @param fetches the outputs that are wanted; the others cost nothing
   * @param into arrays that receive outputs of that name; where all that are wanted have one, none is copied
   */
  async run(
    feeds: Readonly<Record<string, Tensor>>,
    fetches: readonly string[],
    into: Readonly<Record<string, Tensor>> = {},
  ): Promise<Record<string, Tensor>> {
    const inputs: Record<string, ort.Tensor> = {};
    for (const name in feeds) inputs[name] = toOrt(feeds[name]);
    const wanted: Record<string, ort.Tensor | null> = {};
    for (const name of fetches) wanted[name] = name in into ? toOrt(into[name]) : null;
    const returnsNothing = this.#session.outputNames[0] === NOTHING && fetches.every((name) => name in into);
    if (returnsNothing) wanted[NOTHING] = null;
    let results: ort.InferenceSession.OnnxValueMapType = {};
    try {
      results = await this.#session.run(inputs, wanted);
    } catch (error) {
      const text = (error as Error).message;
      if (returnsNothing && NO_SEQUENCES.test(text)) return Object.fromEntries(fetches.map((name) => [name, into[name]]));
      const kind = /alloc/i.test(text) ? 'resources' : 'failed';
      throw new HabsburgError(kind, `internal: onnxruntime failed: ${text}`, { cause: error });
    }
    const outputs: Record<string, Tensor> = {};
    for (const name of fetches) {
      const result = results[name] as ort.Tensor;
      outputs[name] = into[name] ?? { dtype: result.type as Dtype, shape: result.dims, data: result.data as TensorData };
    }
    return outputs;
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}

function toOrt(tensor: Tensor): ort.Tensor {
  return residentCopy(tensor) ?? new ort.Tensor(tensor.dtype as 'float32', tensor.data as Float32Array, tensor.shape);
}

/** @param model its bytes, or the file that has them @param externalFolder where the files of mapped constants lie */
async function openSession(
  model: Uint8Array | string,
  options: SessionOptions,
  externalFolder?: string,
): Promise<ort.InferenceSession> {
  const { device = 'cpu', memory = 'planned' } = options;
  await checkDevice(device);
  // Waiting threads sleep where other work shares the cores: spinning takes them from the other runs of an experiment (with more
  // work than cores a generation takes more than twice as long).
  const alone = options.threads >= availableParallelism();
  try {
    return await ort.InferenceSession.create(model as Uint8Array, {
      executionProviders: [device],
      intraOpNumThreads: options.threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      enableCpuMemArena: memory !== 'returned',
      enableMemPattern: memory === 'planned',
      logSeverityLevel: 3,
      extra: {
        // It would fold the transpositions of graph/products.ts back into the products.
        ...(device === 'cpu' && { optimization: { disable_specified_optimizers: 'GemmTransposeFusion' } }),
        session: {
          intra_op: { allow_spinning: alone ? '1' : '0' },
          ...(options.prepack === false && { disable_prepacking: '1' }),
          ...(externalFolder && { model_external_initializers_file_folder_path: externalFolder }),
        },
      },
    });
  } catch (error) {
    if (typeof model === 'string')
      throw new HabsburgError('verification', `${model} is no model that onnxruntime reads: ${(error as Error).message}`, {
        cause: error,
      });
    throw new HabsburgError('failed', `internal: onnxruntime refuses the graph: ${(error as Error).message}`, { cause: error });
  }
}

/** Constants of fewer bytes stay inside the model: onnxruntime wants to see shapes and axes while it reads the graph. */
const MIN_MAPPED = 1024;

/** Constants without a file that still stay inside the model, in bytes altogether: what a graph computes for itself. */
const MAX_INSIDE = 2 ** 27;

/** The graph's model, with constants in files of their own. */
type Writer = (external?: ReadonlyMap<Value, ExternalData>) => Uint8Array;

/** A model whose large constants lie in files of one folder. */
interface MappedModel {
  readonly bytes: Uint8Array;
  readonly folder: string;
}

/** The model with its constants mapped from the files they lie in; undefined where too many have none, or folders differ. */
async function mapFromFiles(graph: Graph, write: Writer): Promise<MappedModel | undefined> {
  const external = new Map<Value, ExternalData>();
  const real = new Map<string, string>();
  let folder: string | undefined;
  let inside = 0;
  for (const value of graph.constants) {
    const bytes = constantBytes(value);
    if (value.data !== undefined && bytes < MIN_MAPPED) continue;
    if (value.file === undefined) {
      inside += bytes;
      if (inside > MAX_INSIDE) return undefined;
      continue;
    }
    const { path, offset } = value.file;
    // onnxruntime follows links before it checks that a file lies in the folder.
    if (!real.has(path)) real.set(path, await realpath(path));
    const file = real.get(path)!;
    folder ??= dirname(file);
    if (dirname(file) !== folder) return undefined;
    external.set(value, { location: basename(file), offset });
  }
  return folder === undefined ? undefined : { bytes: write(external), folder };
}

/** The model with its constants written, or copied, to a file in `folder`. */
async function mapFromCopy(graph: Graph, folder: string, write: Writer): Promise<MappedModel> {
  const location = 'constants.bin';
  const external = new Map<Value, ExternalData>();
  try {
    const file = await open(join(folder, location), 'w');
    try {
      let offset = 0;
      for (const value of graph.constants) {
        const { data } = value;
        const length = constantBytes(value);
        if (data !== undefined && length < MIN_MAPPED) continue;
        await file.writeFile(
          data === undefined ? await readRange(value.file!, length) : new Uint8Array(data.buffer, data.byteOffset, length),
        );
        external.set(value, { location, offset });
        offset += length;
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    throw fromSystemError(error, `writing the weights for onnxruntime to ${folder}`);
  }
  return { bytes: write(external), folder };
}
