/**
 * The op table: one row an operator, saying what shape and dtype comes out and how the ONNX node is called. Operators have
 * ONNX's own names and meaning (https://onnx.ai/onnx/operators/, opset 21, and com.microsoft's contrib operators).
 */
import { convolvedShape, transposedShape, type ConvolutionAttributes } from './convolution.js';
import { addDims, sizeOf } from './dims.js';
import { sameShape, showShape, type Branch, type Dim, type Dtype, type Shape, type TensorType, type Value } from './types.js';

type None = Record<never, never>;
interface MatMulAttributes {
  readonly transA?: boolean;
  readonly transB?: boolean;
  readonly alpha?: number;
}

/** Every operator and its attributes. */
export interface Attributes {
  Add: None;
  Sub: None;
  Mul: None;
  Div: None;
  Neg: None;
  Exp: None;
  Log: None;
  Erf: None;
  Tanh: None;
  Sigmoid: None;
  Relu: None;
  Identity: None;
  /** inputs x, min, max */
  Clip: None;
  Gelu: { readonly approximate: 'none' | 'tanh' };
  Softmax: { readonly axis: number };
  LogSoftmax: { readonly axis: number };
  /** inputs x, scale, bias; outputs y, mean, 1/standard deviation (kept for the gradient) */
  LayerNormalization: { readonly axis: number; readonly epsilon: number };
  /** x · scale / sqrt(mean(x²) + epsilon): inputs x, scale; outputs y, 1/root mean square (kept for the gradient) */
  SimplifiedLayerNormalization: { readonly axis: number; readonly epsilon: number };
  /**
   * Rotates pairs (i, i + headSize/2) of x (B, heads, T, headSize) by the angle of their row's position: inputs x, positions (B, T)
   * int64, cosines and sines (positions, headSize/2)
   */
  RotaryEmbedding: None;
  /** alpha · op(A) op(B) + C on matrices; C (optional) is broadcast */
  Gemm: MatMulAttributes;
  /** alpha · op(A) op(B) over batches; transposition concerns the last two dimensions */
  FusedMatMul: MatMulAttributes;
  /** FusedMatMul without attributes, for providers that lack it */
  MatMul: None;
  /** inputs x (N, C, H, W), kernels (O, C, h, w), bias (O; optional) */
  Conv: ConvolutionAttributes;
  /** inputs x (N, C, H, W), kernels (C, O, h, w), bias (O; optional); outputPadding: rows and columns added below and right */
  ConvTranspose: ConvolutionAttributes & { readonly outputPadding: readonly [number, number] };
  /** inputs x, shape (constant; at most one -1; 0 keeps x's size at that place) */
  Reshape: None;
  Transpose: { readonly perm: readonly number[] };
  /** inputs x, axes (constant) */
  ReduceSum: { readonly keepdims: boolean };
  ReduceMean: { readonly keepdims: boolean };
  ReduceMax: { readonly keepdims: boolean };
  /** rows of `data` along axis 0; a padding index gets no gradient through the lookup (torch.nn.Embedding's padding_idx) */
  Gather: { readonly axis: 0; readonly paddingIndex?: number };
  GatherElements: { readonly axis: number };
  /** inputs data, indices, updates; onnxruntime's ScatterND with reduction is a data race, so it is not in this table */
  ScatterElements: { readonly axis: number; readonly reduction: 'none' | 'add' };
  Concat: { readonly axis: number };
  /** inputs x, sizes (constant); one output a size */
  Split: { readonly axis: number };
  /** inputs x, starts, ends, axes (constants) */
  Slice: None;
  /** inputs x, k (constant of one element); outputs values, indices (int64) */
  TopK: { readonly axis: number; readonly largest: boolean; readonly sorted: boolean };
  /** inputs x, shape (constant) */
  Expand: None;
  Cast: { readonly to: Dtype };
  /** x's sizes, int64 */
  Shape: None;
  /** inputs x, sizes: Reshape whose sizes become known only when the graph runs (0: as in x), to what is said here */
  View: { readonly shape: Shape };
  /** inputs x (rows, columns), scales, zero points (rows, columns / blockSize): (x − zero point) · scale */
  DequantizeLinear: { readonly blockSize: number };
  /**
   * x Wᵀ (com.microsoft): inputs x (N, in), W's blocks (out, in / blockSize, bytes) uint8, scales (out, in / blockSize); the zero
   * point is 2^(bits − 1). Accuracy 0: W is dequantised and multiplied in float32; 4: x is rounded to 8 bits, block by block.
   */
  MatMulNBits: { readonly bits: 4 | 8; readonly blockSize: number; readonly accuracy: 0 | 4 };
  Equal: None;
  LessOrEqual: None;
  Not: None;
  Where: None;
  /** inputs: condition (bool, one number), and what the branches use from outside; both give the same outputs (Graph.choose) */
  If: { readonly then: Branch; readonly otherwise: Branch };
}
export type Op = keyof Attributes;

/** ONNX's TensorProto.DataType. */
export const ONNX_DTYPE: Readonly<Record<Dtype, number>> = {
  float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9, float16: 10, float64: 11, bfloat16: 16, uint4: 21,
}; // prettier-ignore

export type OnnxAttribute =
  { readonly float: number } | { readonly int: number } | { readonly ints: readonly number[] } | { readonly string: string };

export interface OpRow<A> {
  /** types of the outputs, or an error that says what does not fit */
  readonly infer: (inputs: readonly Value[], attributes: A) => readonly TensorType[];
  /** ONNX attributes; absent: none */
  readonly emit?: (attributes: A, inputs: readonly Value[]) => Readonly<Record<string, OnnxAttribute>>;
  readonly domain?: 'com.microsoft';
  /** outputs that a node must have, read or not; absent: the first */
  readonly required?: number;
  /** ONNX's name, where it is another */
  readonly name?: string;
}

/** NumPy's broadcasting rule. A symbolic dimension matches itself and 1. */
export function broadcast(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i): Dim => {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    if (x === y || y === 1) return x;
    if (x === 1) return y;
    throw new Error(`internal: cannot broadcast ${showShape(a)} with ${showShape(b)}`);
  });
}

/** The numbers of a constant integer input such as Reshape's shape. */
export function constantInts(value: Value, what: string): number[] {
  if (value.data === undefined) throw new Error(`internal: ${what} must be a constant`);
  return Array.from(value.data as BigInt64Array, Number);
}

function sameDtype(op: string, inputs: readonly Value[]): Dtype {
  const dtype = inputs[0].dtype;
  if (inputs.some((v) => v.dtype !== dtype)) throw new Error(`internal: ${op} of ${inputs.map((v) => v.dtype).join(' and ')}`);
  return dtype;
}

const unary: OpRow<None> = { infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }] };
const binary: OpRow<None> = {
  infer: (xs) => [{ dtype: sameDtype('an elementwise op', xs), shape: broadcast(xs[0].shape, xs[1].shape) }],
};

const comparison: OpRow<None> = { infer: ([a, b]) => [{ dtype: 'bool', shape: broadcast(a.shape, b.shape) }] };

function swapLastTwo(shape: Shape, swap?: boolean): Shape {
  return swap ? [...shape.slice(0, -2), shape[shape.length - 1], shape[shape.length - 2]] : shape;
}

function matmulShape(op: string, inputs: readonly Value[], attributes: MatMulAttributes): TensorType[] {
  const a = swapLastTwo(inputs[0].shape, attributes.transA);
  const b = swapLastTwo(inputs[1].shape, attributes.transB);
  if (a.length < 2 || b.length < 2 || a[a.length - 1] !== b[b.length - 2]) {
    throw new Error(`internal: ${op} of ${showShape(a)} and ${showShape(b)}: inner sizes differ`);
  }
  const shape = [...broadcast(a.slice(0, -2), b.slice(0, -2)), a[a.length - 2], b[b.length - 1]];
  return [{ dtype: sameDtype(op, inputs), shape }];
}

function emitMatmul(attributes: MatMulAttributes, names: { transA: string; transB: string }): Record<string, OnnxAttribute> {
  return {
    [names.transA]: { int: attributes.transA ? 1 : 0 },
    [names.transB]: { int: attributes.transB ? 1 : 0 },
    alpha: { float: attributes.alpha ?? 1 },
  };
}

function axisOf(axis: number, rank: number): number {
  const a = axis < 0 ? axis + rank : axis;
  if (a < 0 || a >= rank) throw new Error(`internal: axis ${axis} of a tensor of rank ${rank}`);
  return a;
}

const reduce: OpRow<Attributes['ReduceSum']> = {
  infer: ([x, axes], { keepdims }) => {
    const gone = new Set(constantInts(axes, 'axes').map((a) => axisOf(a, x.shape.length)));
    const shape = x.shape.map((dim, i): Dim => (gone.has(i) ? 1 : dim)).filter((_, i) => keepdims || !gone.has(i));
    return [{ dtype: x.dtype, shape }];
  },
  emit: ({ keepdims }) => ({ keepdims: { int: keepdims ? 1 : 0 } }),
};
const emitConvolution = ({ strides, pads, dilations }: ConvolutionAttributes): Record<string, OnnxAttribute> => ({
  strides: { ints: strides },
  pads: { ints: pads },
  dilations: { ints: dilations },
});
const alongAxis = { emit: ({ axis }: { readonly axis: number }) => ({ axis: { int: axis } }) };

function reshaped(x: Value, target: readonly number[]): Shape {
  const known = target.reduce((product, dim) => (dim <= 0 ? product : product * dim), 1);
  const rest = sizeOf(
    x.shape.filter((_, i) => target[i] !== 0),
    known,
  );
  if (rest === undefined || (rest !== 1 && !target.includes(-1)))
    throw new Error(`internal: cannot reshape ${showShape(x.shape)} to ${showShape(target)}`);
  return target.map((dim, i) => (dim === -1 ? rest : dim === 0 ? x.shape[i] : dim));
}

function sliced(dim: Dim, start: number, end: number): Dim {
  if (typeof dim === 'string') {
    // A symbolic size is taken to be large enough for the slice.
    if (start === 0 && end < 0) return addDims([dim, end]);
    if (start < 0 && end > 2 ** 30) return -start;
    if (start >= 0 && end >= start) return end - start;
    throw new Error(`internal: Slice ${start}:${end} of ${dim}`);
  }
  const clamp = (i: number): number => Math.max(0, Math.min(dim, i < 0 ? i + dim : i));
  return Math.max(0, clamp(end) - clamp(start));
}

/** The table. */
export const OPS: { readonly [O in Op]: OpRow<Attributes[O]> } = {
  Add: binary,
  Sub: binary,
  Mul: binary,
  Div: binary,
  Neg: unary,
  Exp: unary,
  Log: unary,
  Erf: unary,
  Tanh: unary,
  Sigmoid: unary,
  Relu: unary,
  Identity: unary,
  Clip: unary,
  Gelu: { ...unary, emit: ({ approximate }) => ({ approximate: { string: approximate } }) },
  Softmax: { ...unary, ...alongAxis },
  LogSoftmax: { ...unary, ...alongAxis },
  LayerNormalization: {
    infer: (inputs, { axis }) => {
      const [x] = inputs;
      const from = axisOf(axis, x.shape.length);
      const dtype = sameDtype('LayerNormalization', inputs);
      const statistics = { dtype, shape: x.shape.map((dim, i): Dim => (i < from ? dim : 1)) };
      return [{ dtype, shape: x.shape }, statistics, statistics];
    },
    emit: ({ axis, epsilon }) => ({ axis: { int: axis }, epsilon: { float: epsilon } }),
  },
  SimplifiedLayerNormalization: {
    infer: ([x, scale], { axis }) => {
      const from = axisOf(axis, x.shape.length);
      const dtype = sameDtype('SimplifiedLayerNormalization', [x, scale]);
      return [
        { dtype, shape: x.shape },
        { dtype, shape: x.shape.map((dim, i): Dim => (i < from ? dim : 1)) },
      ];
    },
    emit: ({ axis, epsilon }) => ({ axis: { int: axis }, epsilon: { float: epsilon } }),
  },
  RotaryEmbedding: {
    infer: ([x, positions, cosines, sines]) => {
      const half = (x.shape[3] as number) / 2;
      if (
        x.shape.length !== 4 ||
        cosines.shape[1] !== half ||
        !sameShape(cosines.shape, sines.shape) ||
        positions.dtype !== 'int64'
      )
        throw new Error(`internal: RotaryEmbedding of ${showShape(x.shape)} with angles ${showShape(cosines.shape)}`);
      return [{ dtype: sameDtype('RotaryEmbedding', [x, cosines, sines]), shape: x.shape }];
    },
    domain: 'com.microsoft',
  },
  Gemm: {
    infer: (inputs, attributes) => {
      if (inputs[0].shape.length !== 2 || inputs[1].shape.length !== 2) throw new Error('internal: Gemm takes matrices');
      const types = matmulShape('Gemm', inputs, attributes);
      if (inputs.length > 2 && !sameShape(broadcast(inputs[2].shape, types[0].shape), types[0].shape)) {
        throw new Error(`internal: Gemm cannot add ${showShape(inputs[2].shape)} to ${showShape(types[0].shape)}`);
      }
      return types;
    },
    emit: (attributes) => emitMatmul(attributes, { transA: 'transA', transB: 'transB' }),
  },
  FusedMatMul: {
    infer: (inputs, attributes) => matmulShape('FusedMatMul', inputs, attributes),
    emit: (attributes) => emitMatmul(attributes, { transA: 'transA', transB: 'transB' }),
    domain: 'com.microsoft',
  },
  MatMul: { infer: (inputs) => matmulShape('MatMul', inputs, {}) },
  Conv: {
    infer: (inputs, attributes) => {
      const [x, kernels] = inputs;
      return [{ dtype: sameDtype('Conv', inputs), shape: convolvedShape(x.shape, kernels.shape, attributes) }];
    },
    emit: emitConvolution,
  },
  ConvTranspose: {
    infer: (inputs, attributes) => {
      const shape = transposedShape(inputs[0].shape, inputs[1].shape, attributes, attributes.outputPadding);
      return [{ dtype: sameDtype('ConvTranspose', inputs), shape }];
    },
    emit: (attributes) => ({ ...emitConvolution(attributes), output_padding: { ints: attributes.outputPadding } }),
  },
  Reshape: { infer: ([x, shape]) => [{ dtype: x.dtype, shape: reshaped(x, constantInts(shape, "Reshape's shape")) }] },
  Transpose: {
    infer: ([x], { perm }) => [{ dtype: x.dtype, shape: perm.map((i) => x.shape[i]) }],
    emit: ({ perm }) => ({ perm: { ints: perm } }),
  },
  ReduceSum: reduce,
  ReduceMean: reduce,
  ReduceMax: reduce,
  Gather: {
    infer: ([data, indices]) => [{ dtype: data.dtype, shape: [...indices.shape, ...data.shape.slice(1)] }],
    ...alongAxis,
  },
  GatherElements: { infer: ([data, indices]) => [{ dtype: data.dtype, shape: indices.shape }], ...alongAxis },
  ScatterElements: {
    infer: ([data, indices, updates]) => {
      if (!sameShape(indices.shape, updates.shape))
        throw new Error(`internal: ScatterElements of ${showShape(updates.shape)} at ${showShape(indices.shape)}`);
      return [{ dtype: data.dtype, shape: data.shape }];
    },
    emit: ({ axis, reduction }) => ({ axis: { int: axis }, reduction: { string: reduction } }),
  },
  Concat: {
    infer: (inputs, { axis }) => {
      const at = axisOf(axis, inputs[0].shape.length);
      const rest = (v: Value): Shape => v.shape.filter((_, i) => i !== at);
      if (inputs.some((v) => !sameShape(rest(v), rest(inputs[0]))))
        throw new Error(`internal: Concat of ${inputs.map((v) => showShape(v.shape)).join(' and ')}`);
      const shape = inputs[0].shape.map((dim, i): Dim => (i === at ? addDims(inputs.map((v) => v.shape[at])) : dim));
      return [{ dtype: sameDtype('Concat', inputs), shape }];
    },
    ...alongAxis,
  },
  Split: {
    infer: ([x, sizes], { axis }) => {
      const at = axisOf(axis, x.shape.length);
      const parts = constantInts(sizes, "Split's sizes");
      if (parts.reduce((a, b) => a + b, 0) !== x.shape[at])
        throw new Error(`internal: Split of ${showShape(x.shape)} into ${parts.join(' + ')}`);
      return parts.map((size) => ({ dtype: x.dtype, shape: x.shape.map((dim, i): Dim => (i === at ? size : dim)) }));
    },
    ...alongAxis,
  },
  Slice: {
    infer: ([x, starts, ends, axes]) => {
      const shape = [...x.shape];
      const from = constantInts(starts, "Slice's starts");
      const to = constantInts(ends, "Slice's ends");
      constantInts(axes, "Slice's axes").forEach((axis, i) => {
        const at = axisOf(axis, shape.length);
        shape[at] = sliced(shape[at], from[i], to[i]);
      });
      return [{ dtype: x.dtype, shape }];
    },
  },
  TopK: {
    required: 2,
    infer: ([x, k], { axis }) => {
      const at = axisOf(axis, x.shape.length);
      const shape = x.shape.map((dim, i): Dim => (i === at ? constantInts(k, "TopK's k")[0] : dim));
      return [
        { dtype: x.dtype, shape },
        { dtype: 'int64', shape },
      ];
    },
    emit: ({ axis, largest, sorted }) => ({
      axis: { int: axis },
      largest: { int: largest ? 1 : 0 },
      sorted: { int: sorted ? 1 : 0 },
    }),
  },
  Expand: { infer: ([x, shape]) => [{ dtype: x.dtype, shape: broadcast(x.shape, constantInts(shape, "Expand's shape")) }] },
  Cast: { infer: ([x], { to }) => [{ dtype: to, shape: x.shape }], emit: ({ to }) => ({ to: { int: ONNX_DTYPE[to] } }) },
  Shape: { infer: ([x]) => [{ dtype: 'int64', shape: [x.shape.length] }] },
  View: { infer: ([x], { shape }) => [{ dtype: x.dtype, shape }], name: 'Reshape' },
  DequantizeLinear: {
    infer: ([x, scales]) => [{ dtype: scales.dtype, shape: x.shape }],
    emit: ({ blockSize }) => ({ axis: { int: 1 }, block_size: { int: blockSize } }),
  },
  MatMulNBits: {
    infer: ([x, blocks, scales], { bits, blockSize }) => {
      const [out, count, bytes] = blocks.shape as number[];
      if (x.shape.length !== 2 || x.shape[1] !== count * blockSize || bytes * 8 !== blockSize * bits || scales.shape[0] !== out)
        throw new Error(`internal: MatMulNBits of ${showShape(x.shape)} and blocks ${showShape(blocks.shape)}`);
      return [{ dtype: sameDtype('MatMulNBits', [x, scales]), shape: [x.shape[0], out] }];
    },
    emit: ({ bits, blockSize, accuracy }, [, blocks]) => ({
      K: { int: (blocks.shape[1] as number) * blockSize },
      N: { int: blocks.shape[0] as number },
      bits: { int: bits },
      block_size: { int: blockSize },
      accuracy_level: { int: accuracy },
    }),
    domain: 'com.microsoft',
  },
  Equal: comparison,
  LessOrEqual: comparison,
  Not: { infer: ([x]) => [{ dtype: 'bool', shape: x.shape }] },
  Where: { infer: ([c, a, b]) => [{ dtype: a.dtype, shape: broadcast(c.shape, broadcast(a.shape, b.shape)) }] },
  // Sizes that one branch knows before it runs may be symbolic in the other: the first branch's names count.
  If: {
    infer: ([condition], { then, otherwise }) => {
      const kinds = ({ outputs }: Branch): string => outputs.map(({ dtype, shape }) => `${dtype} of rank ${shape.length}`).join();
      if (condition.dtype !== 'bool' || kinds(then) !== kinds(otherwise))
        throw new Error(`internal: If ${condition.dtype} gives ${kinds(then)}, else ${kinds(otherwise)}`);
      return then.outputs.map(({ dtype, shape }) => ({ dtype, shape }));
    },
  },
};
