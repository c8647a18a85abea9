/**
 * Every row of the gradient table: its gradient in float64 against central differences, and onnxruntime's float32 forward values
 * and gradients against the float64 interpreter.
 */
import { describe, expect, test } from '@jest/globals';
import { CounterRng } from '../../../common/philox.js';
import { backward } from '../../../engine/graph/backward.js';
import { GRADIENTS } from '../../../engine/graph/gradients.js';
import { Graph } from '../../../engine/graph/graph.js';
import type { Value } from '../../../engine/graph/types.js';
import { rotation } from '../../../engine/models/rotary.js';
import { float32, int32, Session, type Tensor } from '../../../engine/session.js';
import type { Device } from '../../../engine/devices.js';
import { array64, interpret, type Array64 } from '../../support/interpreter.js';
import { relativeError } from '../../support/numbers.js';

interface Case {
  readonly op: string;
  /** shapes of the float inputs x0, x1 … */
  readonly shapes: readonly (readonly number[])[];
  /** keeps the inputs positive, or away from a kink */
  readonly map?: (x: number) => number;
  /** int32 inputs, by name */
  readonly ints?: Readonly<Record<string, { readonly shape: number[]; readonly data: number[] }>>;
  readonly build: (g: Graph, xs: readonly Value[], ints: Readonly<Record<string, Value>>) => Value;
}

const awayFromZero = (x: number): number => x + 0.3 * Math.sign(x);
/** Kernels that fit, that leave a rest, that are not square, that are spread out. */
const CONVOLUTIONS = [
  { image: [2, 3, 6, 6], kernels: [2, 3, 4, 4], strides: [2, 2], pads: [1, 1, 1, 1], dilations: [1, 1] },
  { image: [2, 1, 7, 6], kernels: [3, 1, 3, 2], strides: [2, 3], pads: [0, 1, 1, 0], dilations: [1, 1] },
  { image: [3, 2, 6, 5], kernels: [1, 2, 2, 3], strides: [1, 2], pads: [1, 0, 0, 2], dilations: [2, 1] },
] as const;
const CASES: readonly Case[] = [
  { op: 'Add', shapes: [[2, 3, 4], [3, 1]], build: (g, [a, b]) => g.add(a, b) }, // prettier-ignore
  { op: 'Sub', shapes: [[3, 1], [2, 3, 4]], build: (g, [a, b]) => g.sub(a, b) }, // prettier-ignore
  { op: 'Mul', shapes: [[2, 1, 4], [3, 4]], build: (g, [a, b]) => g.mul(a, b) }, // prettier-ignore
  { op: 'Mul', shapes: [[5]], build: (g, [a]) => g.mul(a, a) },
  { op: 'Div', shapes: [[2, 3], [3]], map: awayFromZero, build: (g, [a, b]) => g.div(a, b) }, // prettier-ignore
  { op: 'Neg', shapes: [[4]], build: (g, [x]) => g.neg(x) },
  { op: 'Exp', shapes: [[4]], build: (g, [x]) => g.op('Exp', [x], {}) },
  { op: 'Log', shapes: [[4]], map: (x) => Math.abs(x) + 0.5, build: (g, [x]) => g.op('Log', [x], {}) },
  { op: 'Tanh', shapes: [[6]], build: (g, [x]) => g.op('Tanh', [x], {}) },
  { op: 'Sigmoid', shapes: [[6]], build: (g, [x]) => g.op('Sigmoid', [x], {}) },
  { op: 'Identity', shapes: [[3]], build: (g, [x]) => g.op('Identity', [x], {}) },
  { op: 'Relu', shapes: [[3, 5]], map: awayFromZero, build: (g, [x]) => g.op('Relu', [x], {}) },
  { op: 'Gelu', shapes: [[9]], build: (g, [x]) => g.op('Gelu', [x], { approximate: 'none' }) },
  { op: 'Gelu', shapes: [[9]], build: (g, [x]) => g.op('Gelu', [x], { approximate: 'tanh' }) },
  { op: 'Softmax', shapes: [[2, 3, 5]], build: (g, [x]) => g.op('Softmax', [x], { axis: -1 }) },
  { op: 'LogSoftmax', shapes: [[3, 5]], build: (g, [x]) => g.op('LogSoftmax', [x], { axis: -1 }) },
  { op: 'LayerNormalization', shapes: [[4, 6], [6], [6]], build: (g, xs) => g.op('LayerNormalization', xs, { axis: -1, epsilon: 1e-5 }) }, // prettier-ignore
  { op: 'SimplifiedLayerNormalization', shapes: [[4, 6], [6]], build: (g, xs) => g.op('SimplifiedLayerNormalization', xs, { axis: -1, epsilon: 1e-6 }) }, // prettier-ignore
  {
    op: 'RotaryEmbedding',
    shapes: [[2, 3, 4, 16]],
    ints: { positions: { shape: [2, 4], data: [0, 1, 2, 3, 4, 2, 0, 5] } },
    build: (g, [x], { positions }) => {
      const rotary = { frequencies: Float32Array.from({ length: 8 }, (_, i) => 2 ** -i), factor: 0.5 };
      return rotation(g, rotary, positions, 6)(x);
    },
  },
  ...CONVOLUTIONS.flatMap(({ image, kernels, ...attributes }): Case[] => {
    const size = (axis: 0 | 1): number =>
      image[2 + axis] + attributes.pads[axis] + attributes.pads[2 + axis] - attributes.dilations[axis] * (kernels[2 + axis] - 1) - 1; // prettier-ignore
    const { strides } = attributes;
    const small = [image[0], kernels[0], Math.floor(size(0) / strides[0]) + 1, Math.floor(size(1) / strides[1]) + 1];
    const outputPadding = [size(0) % strides[0], size(1) % strides[1]] as const;
    return [
      { op: 'Conv', shapes: [image, kernels, [kernels[0]]], build: (g, xs) => g.op('Conv', xs, attributes) },
      { op: 'ConvTranspose', shapes: [small, kernels, [kernels[1]]], build: (g, xs) => g.op('ConvTranspose', xs, { ...attributes, outputPadding }) }, // prettier-ignore
    ];
  }),
  { op: 'Split', shapes: [[2, 7]], build: (g, [x]) => g.mul(...(g.split(x, 1, [3, 1, 3]).slice(1) as [Value, Value])) }, // prettier-ignore
  ...[false, true].flatMap((transA) =>
    [false, true].map((transB): Case => ({
      op: 'Gemm',
      shapes: [transA ? [3, 2] : [2, 3], transB ? [4, 3] : [3, 4], [4]],
      build: (g, xs) => g.op('Gemm', xs, { transA, transB, alpha: transA ? 1 : 0.5 }),
    })),
  ),
  ...[false, true].flatMap((transA) =>
    [false, true].map((transB): Case => ({
      op: 'FusedMatMul',
      shapes: [
        [2, 2, ...(transA ? [3, 5] : [5, 3])],
        [2, 2, ...(transB ? [4, 3] : [3, 4])],
      ],
      build: (g, [a, b]) => g.matmul(a, b, { transA, transB, alpha: 0.25 }),
    })),
  ),
  { op: 'FusedMatMul', shapes: [[2, 3, 4], [4, 5]], build: (g, [a, b]) => g.matmul(a, b) }, // prettier-ignore
  { op: 'Reshape', shapes: [[2, 6]], build: (g, [x]) => g.reshape(x, [3, -1]) },
  { op: 'Expand', shapes: [[3, 1]], build: (g, [x]) => g.op('Expand', [x, g.ints([2, 3, 4])], {}) },
  { op: 'Transpose', shapes: [[2, 3, 4]], build: (g, [x]) => g.transpose(x, [2, 0, 1]) },
  { op: 'ReduceSum', shapes: [[2, 3, 4]], build: (g, [x]) => g.reduceSum(x, [0, -1]) },
  { op: 'ReduceMean', shapes: [[2, 3, 4]], build: (g, [x]) => g.reduceMean(x, [1], true) },
  { op: 'Concat', shapes: [[2, 3], [2, 1]], build: (g, [a, b]) => g.concat([a, b], 1) }, // prettier-ignore
  {
    op: 'Gather',
    shapes: [[5, 3]],
    ints: { ids: { shape: [2, 3], data: [0, 4, 4, 2, 4, 0] } },
    build: (g, [table], { ids }) => g.gather(table, ids),
  },
  {
    // a table that is both looked up, twice, and multiplied with: as a tied embedding
    op: 'Gather',
    shapes: [[5, 3], [4, 3]], // prettier-ignore
    ints: { ids: { shape: [4], data: [1, 1, 0, 3] }, more: { shape: [4], data: [2, 1, 2, 2] } },
    build: (g, [table, x], { ids, more }) =>
      g.op('Gemm', [g.mul(g.gather(table, ids), g.add(x, g.gather(table, more))), table], { transB: true }),
  },
];

/** Set by the device contract, test/engine/devices. */
const DEVICE = process.env.HABSBURG_TEST_DEVICE as Device | undefined;

const rng = new CounterRng({ seed: 7, generation: 0, member: 'gradients', step: 'test' });

/** The case as a graph: outputs y, loss = Σ y · cotangent, and the gradient of the loss for each input. */
function lossGraph(c: Case, float: 'float32' | 'float64'): { graph: Graph; cotangent: Float64Array } {
  const graph = new Graph(float);
  const xs = c.shapes.map((shape, i) => graph.input(`x${i}`, float, shape));
  const ints = Object.fromEntries(
    Object.entries(c.ints ?? {}).map(([name, { shape }]) => [name, graph.input(name, 'int32', shape)]),
  );
  const y = c.build(graph, xs, ints);
  const cotangent = array64(y.shape as number[], (_, i) => Math.fround(rng.normal(i, 99))).data;
  const seed = graph.constant(float, y.shape as number[], float === 'float32' ? Float32Array.from(cotangent) : cotangent);
  const gradients = backward(graph, [{ value: y, gradient: seed }], xs);
  graph.output('y', y);
  xs.forEach((x, i) => graph.output(`d${i}`, gradients.get(x)!));
  return { graph, cotangent };
}

describe.each(CASES.map((c, i) => ({ ...c, title: `${c.op} ${i}` })))('$title', (c) => {
  const { graph, cotangent } = lossGraph(c, 'float64');
  const inputs = c.shapes.map((shape, k) => array64(shape, (_, i) => Math.fround((c.map ?? ((x) => x))(rng.normal(i, k)))));
  const feeds = (xs: readonly Array64[]): Record<string, Array64> => ({
    ...Object.fromEntries(xs.map((x, i) => [`x${i}`, x])),
    ...Object.fromEntries(
      Object.entries(c.ints ?? {}).map(([name, { shape, data }]) => [name, { shape, data: Float64Array.from(data) }]),
    ),
  });
  const exact = interpret(graph, feeds(inputs));

  test('the gradient is the slope of central differences', () => {
    const loss = (xs: readonly Array64[]): number =>
      interpret(graph, feeds(xs)).y.data.reduce((sum, y, i) => sum + y * cotangent[i], 0);
    inputs.forEach((input, k) => {
      const slope = input.data.map((x, i) => {
        const shifted = (by: number): Array64[] => inputs.map((a, n) => (n === k ? { ...a, data: a.data.with(i, x + by) } : a));
        return (loss(shifted(1e-5)) - loss(shifted(-1e-5))) / 2e-5;
      });
      expect(relativeError(exact[`d${k}`].data, slope)).toBeLessThan(1e-8);
    });
  });

  test('onnxruntime computes the same in float32', async () => {
    const session = await Session.create(lossGraph(c, 'float32').graph, { threads: 1, device: DEVICE });
    const tensors: Record<string, Tensor> = Object.fromEntries(
      inputs.map((x, i) => [`x${i}`, float32(Float32Array.from(x.data), x.shape)]),
    );
    for (const [name, { shape, data }] of Object.entries(c.ints ?? {})) tensors[name] = int32(Int32Array.from(data), shape);
    const results = await session.run(tensors, ['y', ...inputs.map((_, i) => `d${i}`)]);
    await session.release();
    for (const [name, { data, shape }] of Object.entries(results)) {
      expect(shape).toEqual(exact[name].shape);
      expect(relativeError(data as Float32Array, exact[name].data)).toBeLessThan(2e-6);
    }
  });
});

describe('the table', () => {
  test('has a case above for every row', () => {
    expect(new Set(CASES.map((c) => c.op))).toEqual(new Set(Object.keys(GRADIENTS)));
  });

  test('a missing row is an error that names the operator', () => {
    const g = new Graph();
    const x = g.input('x', 'float32', [2, 3]);
    const y = g.reduceMax(x, [1]);
    expect(() => backward(g, [{ value: y, gradient: g.constant('float32', [2], Float32Array.of(1, 1)) }], [x])).toThrow(
      /no gradient rule for ReduceMax/,
    );
  });

  test('nodes that no target depends on are not walked', () => {
    const g = new Graph();
    const [x, other] = [g.input('x', 'float32', [2, 3]), g.input('other', 'float32', [2])];
    const y = g.mul(g.reduceMax(x, [1]), other); // ReduceMax has no row, but only `other` is asked for
    const ones = g.constant('float32', [2], Float32Array.of(1, 1));
    expect(backward(g, [{ value: y, gradient: ones }], [other]).get(other)!.shape).toEqual([2]);
  });

  test('a target that nothing depends on gets zeros', () => {
    const g = new Graph();
    const [x, unused] = [g.input('x', 'float32', [2]), g.input('unused', 'float32', [3])];
    const ones = g.constant('float32', [2], Float32Array.of(1, 1));
    g.output('zeros', backward(g, [{ value: g.neg(x), gradient: ones }], [unused]).get(unused)!);
    expect([...interpret(g, { x: array64([2], () => 1), unused: array64([3], () => 1) }).zeros.data]).toEqual([0, 0, 0]);
  });

  test('a lookup gives its padding row no gradient', () => {
    const g = new Graph();
    const table = g.input('table', 'float32', [3, 2]);
    const y = g.gather(table, g.constant('int32', [3], Int32Array.of(1, 2, 1)), 1);
    const ones = g.constant('float32', [3, 2], new Float32Array(6).fill(1));
    g.output('d', backward(g, [{ value: y, gradient: ones }], [table]).get(table)!);
    expect([...interpret(g, { table: array64([3, 2], () => 5) }).d.data]).toEqual([0, 0, 0, 0, 1, 1]);
  });
});
