/**
 * The gradient table: one row an operator, from the gradient of its outputs to the gradients of its inputs. A row knows nothing of
 * broadcasting, of sums over several uses, or of which inputs matter: graph/backward.ts does that in one place.
 */
import { CONVOLUTION_GRADIENTS } from './convolution-gradients.js';
import type { Graph } from './graph.js';
import { constantInts, type Op } from './ops.js';
import { transposedProduct } from './products.js';
import type { Node, Shape, Value } from './types.js';

/** Gradient of a lookup table (V, d) that is zero but for some rows; a row may occur several times, and then they add up. */
export interface RowGradient {
  /** (N) int32 */
  readonly indices: Value;
  /** (N, d) */
  readonly rows: Value;
}
export type Gradient = Value | RowGradient;

/**
 * @param dys gradients of the outputs, undefined where an output does not matter
 * @param needs which inputs' gradients are wanted; the others may be left undefined
 * @returns one gradient an input, of the input's shape or of a shape that it was broadcast to
 */
export type GradientRule<O extends Op> = (
  g: Graph,
  node: Node<O>,
  dys: readonly (Value | undefined)[],
  needs: readonly boolean[],
) => readonly (Gradient | undefined)[];

/** Shape as a constant for Reshape and Expand; at most one dimension may be symbolic. */
export function shapeInts(shape: Shape): number[] {
  if (shape.filter((dim) => typeof dim === 'string').length > 1)
    throw new Error(`internal: two symbolic sizes in (${shape.join(', ')})`);
  return shape.map((dim) => (typeof dim === 'number' ? dim : -1));
}

/** Both matrix products: Y = α op(A) op(B), and A's and B's gradients are products of the same kind. */
function matmulGradients<O extends 'Gemm' | 'FusedMatMul'>(
  g: Graph,
  node: Node<O>,
  dy: Value,
  needs: readonly boolean[],
): (Value | undefined)[] {
  const [a, b] = node.inputs;
  const { transA = false, transB = false, alpha = 1 } = node.attributes;
  const product = (x: Value, y: Value, tx: boolean, ty: boolean): Value =>
    node.op === 'Gemm' && tx && !ty
      ? transposedProduct(g, x, y, alpha)
      : g.op(node.op, [x, y], { transA: tx, transB: ty, alpha });
  const da = (): Value => (transA ? product(b, dy, transB, true) : product(dy, b, false, !transB));
  const db = (): Value => (transB ? product(dy, a, true, transA) : product(a, dy, !transA, false));
  return [needs[0] ? da() : undefined, needs[1] ? db() : undefined];
}

/** The inverse of a reduction's shape: dy with kept dimensions, spread over x. */
function spread(g: Graph, node: Node<'ReduceSum' | 'ReduceMean'>, dy: Value): Value {
  const [x, axes] = node.inputs;
  const gone = new Set(constantInts(axes, 'axes').map((axis) => (axis < 0 ? axis + x.shape.length : axis)));
  const kept = g.reshape(dy, shapeInts(x.shape.map((dim, i) => (gone.has(i) ? 1 : dim))));
  return g.op('Expand', [kept, g.ints(x.shape.map((dim) => (typeof dim === 'number' ? dim : 1)))], {});
}

/** d gelu/dx = Φ(x) + x φ(x), exactly or for the tanh approximation (Hendrycks & Gimpel 2016, arXiv:1606.08415). */
function geluDerivative(g: Graph, x: Value, approximate: 'none' | 'tanh'): Value {
  const one = g.scalar(1);
  const square = g.mul(x, x);
  if (approximate === 'none') {
    const cdf = g.scale(g.add(g.op('Erf', [g.scale(x, Math.SQRT1_2)], {}), one), 0.5);
    const density = g.scale(g.op('Exp', [g.scale(square, -0.5)], {}), 1 / Math.sqrt(2 * Math.PI));
    return g.add(cdf, g.mul(x, density));
  }
  const k = Math.sqrt(2 / Math.PI);
  const cubic = 0.044715;
  const t = g.op('Tanh', [g.scale(g.mul(x, g.add(g.scale(square, cubic), one)), k)], {});
  const inner = g.scale(g.add(g.scale(square, 3 * cubic), one), k); // d(argument)/dx
  const slope = g.mul(g.mul(x, g.sub(one, g.mul(t, t))), inner);
  return g.scale(g.add(g.add(one, t), slope), 0.5);
}

/** Larger than any reciprocal of a normal float32 that training meets: Clip(y · BIG, 0, 1) is 1 where y > 0. */
const BIG = 1e30;

/** The table. An operator without a row cannot stand between a loss and a trainable parameter. */
export const GRADIENTS: { readonly [O in Op]?: GradientRule<O> } = {
  Add: (_g, _node, [dy]) => [dy, dy],
  Sub: (g, _node, [dy], needs) => [dy, needs[1] ? g.neg(dy!) : undefined],
  Mul: (g, { inputs: [a, b] }, [dy], needs) => [needs[0] ? g.mul(dy!, b) : undefined, needs[1] ? g.mul(dy!, a) : undefined],
  Div: (g, { inputs: [, b], outputs: [y] }, [dy], needs) => {
    const da = g.div(dy!, b);
    return [da, needs[1] ? g.neg(g.mul(da, y)) : undefined];
  },
  Neg: (g, _node, [dy]) => [g.neg(dy!)],
  Exp: (g, { outputs: [y] }, [dy]) => [g.mul(dy!, y)],
  Log: (g, { inputs: [x] }, [dy]) => [g.div(dy!, x)],
  Tanh: (g, { outputs: [y] }, [dy]) => [g.mul(dy!, g.sub(g.scalar(1), g.mul(y, y)))],
  Sigmoid: (g, { outputs: [y] }, [dy]) => [g.mul(dy!, g.mul(y, g.sub(g.scalar(1), y)))],
  Identity: (_g, _node, [dy]) => [dy],
  Expand: (_g, _node, [dy]) => [dy],
  // Clip is four times faster than Where or Sign on onnxruntime's CPU.
  Relu: (g, { outputs: [y] }, [dy]) => [g.mul(g.op('Clip', [g.scale(y, BIG), g.scalar(0), g.scalar(1)], {}), dy!)],
  Gelu: (g, { inputs: [x], attributes }, [dy]) => [g.mul(dy!, geluDerivative(g, x, attributes.approximate))],
  Softmax: (g, { outputs: [y], attributes: { axis } }, [dy]) => {
    const t = g.mul(dy!, y);
    return [g.sub(t, g.mul(y, g.reduceSum(t, [axis], true)))];
  },
  LogSoftmax: (g, { outputs: [y], attributes: { axis } }, [dy]) => [
    g.sub(dy!, g.mul(g.op('Exp', [y], {}), g.reduceSum(dy!, [axis], true))),
  ],
  LayerNormalization: (g, { inputs: [x, scale], outputs: [, mean, inverse], attributes: { axis } }, [dy], needs) => {
    const from = axis < 0 ? axis + x.shape.length : axis;
    const axes = x.shape.map((_, i) => i).slice(from);
    const normal = g.mul(g.sub(x, mean), inverse); // x̂
    const d = g.mul(dy!, scale);
    const centred = g.sub(g.sub(d, g.reduceMean(d, axes, true)), g.mul(normal, g.reduceMean(g.mul(d, normal), axes, true)));
    return [needs[0] ? g.mul(centred, inverse) : undefined, needs[1] ? g.mul(dy!, normal) : undefined, dy];
  },
  SimplifiedLayerNormalization: (g, { inputs: [x, scale], outputs: [, inverse], attributes: { axis } }, [dy], needs) => {
    const from = axis < 0 ? axis + x.shape.length : axis;
    const axes = x.shape.map((_, i) => i).slice(from);
    const normal = g.mul(x, inverse); // x̂
    const d = g.mul(dy!, scale);
    const centred = g.sub(d, g.mul(normal, g.reduceMean(g.mul(d, normal), axes, true)));
    return [needs[0] ? g.mul(centred, inverse) : undefined, needs[1] ? g.mul(dy!, normal) : undefined];
  },
  // A rotation's transpose is the rotation back. Angles are constants.
  RotaryEmbedding: (g, { inputs: [, positions, cosines, sines] }, [dy]) => [
    g.op('RotaryEmbedding', [dy!, positions, cosines, g.neg(sines)], {}),
  ],
  Gemm: (g, node, [dy], needs) => [...matmulGradients(g, node, dy!, needs), dy],
  FusedMatMul: (g, node, [dy], needs) => matmulGradients(g, node, dy!, needs),
  ...CONVOLUTION_GRADIENTS,
  Reshape: (g, { inputs: [x] }, [dy]) => [g.reshape(dy!, shapeInts(x.shape))],
  Transpose: (g, { attributes: { perm } }, [dy]) => [
    g.transpose(
      dy!,
      perm.map((_, i) => perm.indexOf(i)),
    ),
  ],
  ReduceSum: (g, node, [dy]) => [spread(g, node as Node as Node<'ReduceSum'>, dy!)],
  ReduceMean: (g, node, [dy]) => {
    const axes = constantInts(node.inputs[1], 'axes');
    const count = axes.reduce((n, axis) => n * (node.inputs[0].shape.at(axis) as number), 1);
    return [g.scale(spread(g, node as Node as Node<'ReduceMean'>, dy!), 1 / count)];
  },
  Concat: (g, { inputs, attributes: { axis } }, [dy], needs) => {
    let at = 0;
    return inputs.map((input, i) => {
      const size = input.shape.at(axis) as number;
      at += size;
      return needs[i] ? g.slice(dy!, axis, at - size, at) : undefined;
    });
  },
  Split: (g, { outputs, attributes: { axis } }, dys) => [
    g.concat(
      outputs.map(({ shape }, i) => dys[i] ?? g.op('Expand', [g.scalar(0), g.ints(shapeInts(shape))], {})),
      axis,
    ),
  ],
  Gather: (g, { inputs: [table, indices], attributes: { paddingIndex } }, [dy]) => {
    const width = table.shape[1] as number;
    let rows = g.reshape(dy!, [-1, width]);
    const flat = g.reshape(indices, [-1]);
    if (paddingIndex !== undefined) {
      const padding = g.op('Equal', [flat, g.constant('int32', [], Int32Array.of(paddingIndex))], {});
      const keep = g.op('Cast', [g.op('Not', [padding], {})], { to: g.float });
      rows = g.mul(rows, g.reshape(keep, [-1, 1]));
    }
    return [{ indices: flat, rows }];
  },
};
