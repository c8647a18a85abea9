/** Computes no more than the rows of a matrix that are asked for, as far back as nothing else needs the others. */
import type { Graph } from './graph.js';
import type { Attributes, Op } from './ops.js';
import type { Node, Value } from './types.js';

/** Operators whose rows depend on the same rows of their matrices, or of their first input where the others are weights. */
const ROW_WISE: { readonly [O in Op]?: 'all' | 'first' } = {
  Add: 'all',
  Sub: 'all',
  Mul: 'all',
  Div: 'all',
  Tanh: 'all',
  Sigmoid: 'all',
  Relu: 'all',
  Gelu: 'all',
  Gemm: 'first',
  LayerNormalization: 'first',
  SimplifiedLayerNormalization: 'first',
};

/**
 * The rows `indices` (M) of a matrix (N, d). What is row-wise and serves nothing else is computed for these rows only: of a decoder
 * all that is behind the last layer's attention.
 */
export function rowsOf(g: Graph, matrix: Value, indices: Value): Value {
  const readers = new Map<Value, Node[]>();
  for (const node of g.nodes) for (const input of node.inputs) readers.set(input, [...(readers.get(input) ?? []), node]);
  const outputs = new Set(g.outputs.map(({ value }) => value));
  const narrowed = new Set<Node>();
  for (const node of g.nodes.toReversed()) {
    const onlyRows = node.outputs.every(
      (y) => !outputs.has(y) && (readers.get(y) ?? []).every((reader) => narrowed.has(reader) && takesRows(reader, y)),
    );
    if (onlyRows && ROW_WISE[node.op] !== undefined && takesRows(node, node.inputs[0])) narrowed.add(node);
  }
  const rows = new Map<Value, Value>();
  const narrow = (value: Value): Value => {
    const known = rows.get(value) ?? g.gather(value, indices);
    rows.set(value, known);
    return known;
  };
  for (const node of [...narrowed].reverse()) {
    const inputs = node.inputs.map((input) => (takesRows(node, input) ? narrow(input) : input));
    rows.set(node.outputs[0], g.op(node.op, inputs, node.attributes));
  }
  return narrow(matrix);
}

/** Whether rows of a row-wise node's output are made of rows of this input. */
function takesRows({ op, inputs, outputs: [y], attributes }: Node, input: Value): boolean {
  if ((attributes as Attributes['Gemm']).transA === true) return false;
  return input.shape.length === 2 && input.shape[0] === y.shape[0] && (ROW_WISE[op] === 'all' || input === inputs[0]);
}
