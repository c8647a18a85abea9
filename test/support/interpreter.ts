/** A graph interpreter in float64: short, slow and written from ONNX's definitions, to check gradients and onnxruntime against. */
import type { Graph } from '../../engine/graph/graph.js';
import type { Attributes, Op } from '../../engine/graph/ops.js';
import type { Node, Value } from '../../engine/graph/types.js';

export interface Array64 {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export function array64(shape: readonly number[], fill: (index: number[], flat: number) => number): Array64 {
  const data = new Float64Array(shape.reduce((a, b) => a * b, 1));
  for (let i = 0; i < data.length; i++) data[i] = fill(unravel(i, shape), i);
  return { shape, data };
}

/** All named outputs of a graph. */
export function interpret(graph: Graph, feeds: Readonly<Record<string, Array64>>): Record<string, Array64> {
  const values = new Map<Value, Array64>();
  for (const input of graph.inputs) values.set(input, feeds[input.name]);
  for (const constant of graph.constants) {
    values.set(constant, { shape: constant.shape as number[], data: Float64Array.from(constant.data!, Number) });
  }
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((input) => values.get(input)!);
    const kernel = KERNELS[node.op] as Kernel<Op> | undefined;
    if (kernel === undefined) throw new Error(`the interpreter does not know ${node.op}`);
    kernel(inputs, node.attributes, node).forEach((result, i) => values.set(node.outputs[i], result));
  }
  return Object.fromEntries(graph.outputs.map(({ name, value }) => [name, values.get(value)!]));
}

type Kernel<O extends Op> = (inputs: readonly Array64[], attributes: Attributes[O], node: Node) => Array64[];

function unravel(flat: number, shape: readonly number[]): number[] {
  const index = new Array<number>(shape.length);
  for (let i = shape.length - 1; i >= 0; i--) {
    index[i] = flat % shape[i];
    flat = Math.floor(flat / shape[i]);
  }
  return index;
}

/** The element at an index that may have more, or larger, dimensions than the array: broadcasting. */
function at(a: Array64, index: readonly number[]): number {
  let flat = 0;
  a.shape.forEach((size, i) => (flat = flat * size + (size === 1 ? 0 : index[index.length - a.shape.length + i])));
  return a.data[flat];
}

const out = (node: Node, i = 0): number[] => node.outputs[i].shape as number[];
const unary =
  (f: (x: number) => number) =>
  ([x]: readonly Array64[]): Array64[] => [{ shape: x.shape, data: x.data.map(f) }];
const binary =
  (f: (a: number, b: number) => number) =>
  ([a, b]: readonly Array64[], _: unknown, node: Node): Array64[] => [
    array64(out(node), (index) => f(at(a, index), at(b, index))),
  ];

/** Taylor's series; good to 1e-12 for the arguments of the tests. */
export function erf(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; n < 200; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

function gelu(x: number, approximate: string): number {
  if (approximate === 'none') return (x / 2) * (1 + erf(x / Math.SQRT2));
  return (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
}

/** Applies f to every row along the last axis. */
function rows(x: Array64, f: (row: Float64Array) => ArrayLike<number>): Array64 {
  const width = x.shape[x.shape.length - 1];
  const data = new Float64Array(x.data.length);
  for (let i = 0; i < data.length; i += width) data.set(f(x.data.subarray(i, i + width)), i);
  return { shape: x.shape, data };
}

function softmax(row: Float64Array): Float64Array {
  const max = Math.max(...row);
  const exp = row.map((x) => Math.exp(x - max));
  const total = exp.reduce((a, b) => a + b, 0);
  return exp.map((x) => x / total);
}

function matmul(inputs: readonly Array64[], { transA, transB, alpha = 1 }: Attributes['Gemm'], node: Node): Array64[] {
  const [a, b, c] = inputs;
  const inner = a.shape[a.shape.length - (transA ? 2 : 1)];
  return [
    array64(out(node), (index) => {
      const batch = index.slice(0, -2);
      const [i, j] = index.slice(-2);
      let sum = 0;
      for (let k = 0; k < inner; k++)
        sum += at(a, [...batch, ...(transA ? [k, i] : [i, k])]) * at(b, [...batch, ...(transB ? [j, k] : [k, j])]);
      return alpha * sum + (c === undefined ? 0 : at(c, index));
    }),
  ];
}

function reduce([x, axes]: readonly Array64[], scale: (n: number) => number, node: Node): Array64[] {
  const gone = new Set([...axes.data].map((axis) => (axis < 0 ? axis + x.shape.length : axis)));
  const data = new Float64Array(out(node).reduce((a, b) => a * b, 1));
  x.data.forEach((value, flat) => {
    const index = unravel(flat, x.shape);
    let target = 0;
    x.shape.forEach((size, i) => (target = gone.has(i) ? target : target * size + index[i]));
    data[target] += value;
  });
  const factor = scale(x.data.length / data.length);
  return [{ shape: out(node), data: data.map((value) => value * factor) }];
}

/** Calls `visit` for every product that a convolution adds up: places in the large image, in the kernels and in the small image. */
function convolve(
  large: readonly number[],
  kernels: readonly number[],
  small: readonly number[],
  { strides, pads, dilations }: Attributes['Conv'],
  visit: (large: number, kernel: number, small: number) => void,
): void {
  const flat = (shape: readonly number[], index: readonly number[]): number => index.reduce((sum, k, i) => sum * shape[i] + k, 0);
  for (let place = 0; place < small.reduce((a, b) => a * b, 1); place++) {
    const [n, o, i, j] = unravel(place, small);
    for (let k = 0; k < kernels.slice(1).reduce((a, b) => a * b, 1); k++) {
      const [c, a, b] = unravel(k, kernels.slice(1));
      const row = strides[0] * i + dilations[0] * a - pads[0];
      const column = strides[1] * j + dilations[1] * b - pads[1];
      if (row >= 0 && row < large[2] && column >= 0 && column < large[3])
        visit(flat(large, [n, c, row, column]), flat(kernels, [o, c, a, b]), place);
    }
  }
}

const KERNELS: { readonly [O in Op]?: Kernel<O> } = {
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Div: binary((a, b) => a / b),
  Equal: binary((a, b) => Number(a === b)),
  Neg: unary((x) => -x),
  Exp: unary(Math.exp),
  Log: unary(Math.log),
  Erf: unary(erf),
  Tanh: unary(Math.tanh),
  Sigmoid: unary((x) => 1 / (1 + Math.exp(-x))),
  Relu: unary((x) => Math.max(0, x)),
  Identity: unary((x) => x),
  Not: unary((x) => 1 - x),
  Cast: unary((x) => x),
  Clip: ([x, min, max]) => unary((value) => Math.min(max.data[0], Math.max(min.data[0], value)))([x]),
  Gelu: ([x], { approximate }) => unary((value) => gelu(value, approximate))([x]),
  Softmax: ([x]) => [rows(x, softmax)],
  LogSoftmax: ([x]) => [rows(x, (row) => softmax(row).map(Math.log))],
  LayerNormalization: ([x, scale, bias], { epsilon }, node) => {
    const statistics: { mean: number; inverse: number }[] = [];
    const y = rows(x, (row) => {
      const mean = row.reduce((a, b) => a + b, 0) / row.length;
      const inverse = 1 / Math.sqrt(row.reduce((sum, v) => sum + (v - mean) ** 2, 0) / row.length + epsilon);
      statistics.push({ mean, inverse });
      return row.map((v, i) => (v - mean) * inverse * scale.data[i] + bias.data[i]);
    });
    return [y, array64(out(node, 1), (_, i) => statistics[i].mean), array64(out(node, 2), (_, i) => statistics[i].inverse)];
  },
  SimplifiedLayerNormalization: ([x, scale], { epsilon }, node) => {
    const inverses: number[] = [];
    const y = rows(x, (row) => {
      const inverse = 1 / Math.sqrt(row.reduce((sum, v) => sum + v * v, 0) / row.length + epsilon);
      inverses.push(inverse);
      return row.map((v, i) => v * inverse * scale.data[i]);
    });
    return [y, array64(out(node, 1), (_, i) => inverses[i])];
  },
  RotaryEmbedding: ([x, positions, cosines, sines], _, node) => {
    const half = x.shape[3] / 2;
    return [
      array64(out(node), (index) => {
        const [b, , t, i] = index;
        const angle = positions.data[b * x.shape[2] + t] * half + (i % half);
        const other = at(x, index.with(3, (i + half) % (2 * half)));
        return at(x, index) * cosines.data[angle] + (i < half ? -other : other) * sines.data[angle];
      }),
    ];
  },
  Split: ([x, sizes], { axis }, node) =>
    node.outputs.map(({ shape }, i) => {
      const start = sizes.data.slice(0, i).reduce((a, b) => a + b, 0);
      const along = axis < 0 ? axis + x.shape.length : axis;
      return array64(shape as number[], (index) => at(x, index.with(along, index[along] + start)));
    }),
  Gemm: matmul,
  FusedMatMul: matmul,
  Conv: ([x, kernels, bias], attributes, node) => {
    const y = array64(out(node), (index) => bias?.data[index[1]] ?? 0);
    convolve(x.shape, kernels.shape, y.shape, attributes, (l, k, s) => (y.data[s] += x.data[l] * kernels.data[k]));
    return [y];
  },
  ConvTranspose: ([x, kernels, bias], attributes, node) => {
    const y = array64(out(node), (index) => bias?.data[index[1]] ?? 0);
    convolve(y.shape, kernels.shape, x.shape, attributes, (l, k, s) => (y.data[l] += x.data[s] * kernels.data[k]));
    return [y];
  },
  Reshape: ([x], _, node) => [{ shape: out(node), data: x.data }],
  Expand: ([x], _, node) => [array64(out(node), (index) => at(x, index))],
  Transpose: ([x], { perm }, node) => [
    array64(out(node), (index) =>
      at(
        x,
        perm.map((_, i) => index[perm.indexOf(i)]),
      ),
    ),
  ],
  ReduceSum: (inputs, _, node) => reduce(inputs, () => 1, node),
  ReduceMean: (inputs, _, node) => reduce(inputs, (n) => 1 / n, node),
  Concat: (inputs, { axis }, node) => [
    array64(out(node), (index) => {
      let k = index[axis];
      const source = inputs.find(({ shape }) => (k < shape[axis] ? true : ((k -= shape[axis]), false)))!;
      return at(source, index.with(axis, k));
    }),
  ],
  Slice: ([x, starts, , axes], _, node) => [
    array64(out(node), (index) => at(x, index.with(axes.data[0], index[axes.data[0]] + starts.data[0]))),
  ],
  Gather: ([table, indices], _, node) => {
    const width = table.shape[1];
    return [array64(out(node), (_index, flat) => table.data[indices.data[Math.floor(flat / width)] * width + (flat % width)])];
  },
  ScatterElements: ([data, indices, updates], { axis, reduction }) => {
    const result = data.data.slice();
    const [width, columns] = [data.shape[1], updates.shape[1]]; // of matrices
    updates.data.forEach((value, i) => {
      const [row, column] = [Math.floor(i / columns), i % columns];
      const target = axis === 0 ? indices.data[i] * width + column : row * width + indices.data[i];
      result[target] = reduction === 'add' ? result[target] + value : value;
    });
    return [{ shape: data.shape, data: result }];
  },
};
