/** The words of the graph IR: tensors ("values") with dtype and shape, and the nodes that make them. */
import type { Attributes, Op } from './ops.js';
import type { StoredMatrix } from './stored.js';

export type Dtype = 'float32' | 'float64' | 'float16' | 'bfloat16' | 'int32' | 'int64' | 'uint8' | 'uint4' | 'bool';

/** A dimension: a size, or the name of one that is known only when the graph runs. */
export type Dim = number | string;
export type Shape = readonly Dim[];

export type TensorData = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;

/** What a tensor is, without where it came from. */
export interface TensorType {
  readonly dtype: Dtype;
  readonly shape: Shape;
}

/** Where a constant's bytes already lie in a file, little-endian and without padding; uint4 two a byte, the first one low. */
export interface FileRange {
  readonly path: string;
  readonly offset: number;
}

/** One tensor of a graph: an input (no node, no data), a constant (data) or a node's output (node). */
export interface Value extends TensorType {
  /** unique in its graph, assigned in order of creation, so the same code gives the same bytes */
  readonly name: string;
  readonly node?: Node;
  readonly data?: TensorData;
  /** a constant's bytes in a file, from which they are mapped; where there is `data` too, its copy */
  readonly file?: FileRange;
  /** a frozen matrix that is float32 by meaning only: whatever uses it is written in terms of how it is stored (graph/stored.ts) */
  readonly stored?: StoredMatrix;
}

/** One operation; `attributes` are typed by the op (graph/ops.ts). */
export interface Node<O extends Op = Op> {
  readonly op: O;
  readonly inputs: readonly Value[];
  readonly attributes: Attributes[O];
  readonly outputs: readonly Value[];
  /** what is written to the model in its place, where an input is a stored matrix */
  readonly lowered?: Lowered;
}

export interface Lowered<O extends Op = Op> {
  readonly op: O;
  readonly inputs: readonly Value[];
  readonly attributes: Attributes[O];
}

const BITS: Readonly<Record<Dtype, number>> = {
  float64: 64, int64: 64, float32: 32, int32: 32, float16: 16, bfloat16: 16, uint8: 8, bool: 8, uint4: 4,
}; // prettier-ignore

/** Bytes of a constant. */
export function constantBytes({ dtype, shape }: TensorType): number {
  return Math.ceil(((shape as readonly number[]).reduce((a, b) => a * b, 1) * BITS[dtype]) / 8);
}

/** `(32, T, 64)`, for messages. */
export function showShape(shape: Shape): string {
  return `(${shape.join(', ')})`;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}

/** Nodes that run only if their If says so. They may use whatever was made before it; what they make leaves them as an output. */
export interface Branch {
  readonly nodes: readonly Node[];
  readonly outputs: readonly Value[];
}

/** A dimension that has to be a number here. */
export function fixed(dim: Dim, where: string): number {
  if (typeof dim !== 'number') throw new Error(`internal: ${where} needs a fixed size, not the symbolic dimension ${dim}`);
  return dim;
}
