/** The words of the graph IR: tensors ("values") with dtype and shape, and the nodes that make them. */
import type { Attributes, Op } from './ops.js';

export type Dtype = 'float32' | 'float64' | 'int32' | 'int64' | 'bool';

/** A dimension: a size, or the name of one that is known only when the graph runs. */
export type Dim = number | string;
export type Shape = readonly Dim[];

export type TensorData = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;

/** What a tensor is, without where it came from. */
export interface TensorType {
  readonly dtype: Dtype;
  readonly shape: Shape;
}

/** Where a constant's bytes already lie in a file, little-endian and without padding. */
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
  /** a file that holds `data` too, from which it can be mapped instead of copied */
  readonly file?: FileRange;
}

/** One operation; `attributes` are typed by the op (graph/ops.ts). */
export interface Node<O extends Op = Op> {
  readonly op: O;
  readonly inputs: readonly Value[];
  readonly attributes: Attributes[O];
  readonly outputs: readonly Value[];
}

/** `(32, T, 64)`, for messages. */
export function showShape(shape: Shape): string {
  return `(${shape.join(', ')})`;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}

/** A dimension that has to be a number here. */
export function fixed(dim: Dim, where: string): number {
  if (typeof dim !== 'number') throw new Error(`internal: ${where} needs a fixed size, not the symbolic dimension ${dim}`);
  return dim;
}
