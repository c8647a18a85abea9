/** Reverse-mode differentiation when the graph is built: one walk back over the nodes, restricted to those that matter. */
import { GRADIENTS, shapeInts, type Gradient, type GradientRule, type RowGradient } from './gradients.js';
import type { Graph } from './graph.js';
import type { Op } from './ops.js';
import { sameShape, showShape, type Dim, type Node, type Shape, type Value } from './types.js';

/** A value whose gradient is known at the start: usually a loss with gradient one, or a loss's own inputs. */
export interface Seed {
  readonly value: Value;
  readonly gradient: Gradient;
}

/**
 * Appends the nodes that compute the gradients of `targets`.
 * @param options.recompute keep of each segment (Graph.segments) only what enters it, and compute the rest again on the way back
 *   (Chen et al. 2016, arXiv:1604.06174): less memory, more time, the same numbers
 * @returns a gradient of its own shape for each target; zeros where the seeds do not depend on it
 * @throws Error naming the operator when one on the path has no row in the gradient table
 */
export function backward(
  g: Graph,
  seeds: readonly Seed[],
  targets: readonly Value[],
  options: { readonly recompute?: boolean } = {},
): Map<Value, Value> {
  const nodes = [...g.nodes];
  const path = dependents(nodes, targets);
  if (options.recompute === true && g.segments.length === 0) throw new Error('internal: no segments to compute again');
  const lastOf = new Map(options.recompute === true ? g.segments.map((segment) => [nodes[segment.to - 1], segment]) : []);
  let again: ReadonlyMap<Node, Node> = new Map();
  const gradients = new Map<Value, Gradient[]>();
  const note = (value: Value, gradient: Gradient): void => {
    if (!path.has(value)) return;
    const list = gradients.get(value) ?? [];
    list.push('rows' in gradient ? gradient : sumToShape(g, gradient, value.shape));
    gradients.set(value, list);
  };
  for (const { value, gradient } of seeds) note(value, gradient);

  for (const node of [...nodes].reverse()) {
    const segment = lastOf.get(node);
    const reached = gradients.get(node.outputs[0]);
    if (segment !== undefined && reached !== undefined) {
      const dy = total(g, node.outputs[0], reached);
      gradients.set(node.outputs[0], [dy]);
      again = computeAgain(g, nodes.slice(segment.from, segment.to), dy);
    }
    if (!node.outputs.some((output) => gradients.has(output))) continue;
    const rule = GRADIENTS[node.op] as GradientRule<Op> | undefined;
    if (rule === undefined)
      throw new Error(
        `internal: no gradient rule for ${node.op}, which makes a tensor of shape ${showShape(node.outputs[0].shape)}`,
      );
    const dys = node.outputs.map((output) => (gradients.has(output) ? total(g, output, gradients.get(output)!) : undefined));
    for (const output of node.outputs) gradients.delete(output);
    const needs = node.inputs.map((input) => path.has(input));
    rule(g, again.get(node) ?? node, dys, needs).forEach((gradient, i) => {
      if (needs[i] && gradient !== undefined) note(node.inputs[i], gradient);
    });
  }
  return new Map(targets.map((target) => [target, total(g, target, gradients.get(target) ?? [])]));
}

/**
 * A segment's nodes once more, from the same inputs but only once `dy` is there: otherwise onnxruntime would find that both are the
 * same, or compute the second one as early as it can. What the gradients do not need is never written to the model.
 */
function computeAgain(g: Graph, nodes: readonly Node[], dy: Value): Map<Node, Node> {
  const values = new Map<Value, Value>();
  const copies = new Map<Node, Node>();
  const own = new Set(nodes);
  const late = (input: Value): Value => {
    const known = values.get(input);
    if (known !== undefined) return known;
    const enters = input.node !== undefined && !own.has(input.node) && input.shape.length === dy.shape.length;
    const value = enters ? g.after(input, dy) : input;
    values.set(input, value);
    return value;
  };
  for (const node of nodes) {
    const outputs = g.node(node.op, node.inputs.map(late), node.attributes);
    copies.set(node, outputs[0].node!);
    node.outputs.forEach((output, i) => values.set(output, outputs[i]));
  }
  return copies;
}

/** The targets and every value that depends on one. */
function dependents(nodes: readonly Node[], targets: readonly Value[]): Set<Value> {
  const path = new Set(targets);
  for (const node of nodes) if (node.inputs.some((input) => path.has(input))) for (const output of node.outputs) path.add(output);
  return path;
}

/** Undoes broadcasting: sums over the dimensions that were added or stretched. */
function sumToShape(g: Graph, gradient: Value, shape: Shape): Value {
  if (sameShape(gradient.shape, shape)) return gradient;
  const added = gradient.shape.length - shape.length;
  const axes = gradient.shape.flatMap((dim: Dim, i) => (i < added || (shape[i - added] === 1 && dim !== 1) ? [i] : []));
  const summed = g.reduceSum(gradient, axes, true);
  const result = added === 0 ? summed : g.reshape(summed, shapeInts(shape));
  if (!sameShape(result.shape, shape))
    throw new Error(`internal: a gradient of shape ${showShape(gradient.shape)} for a tensor of shape ${showShape(shape)}`);
  return result;
}

/** The sum of all contributions; rows of lookups go into the dense sum with a single scatter. */
function total(g: Graph, value: Value, parts: readonly Gradient[]): Value {
  const dense = parts.filter((part): part is Value => !('rows' in part));
  const lookups = parts.filter((part): part is RowGradient => 'rows' in part);
  const sum =
    dense.length > 0 ? dense.reduce((a, b) => g.add(a, b)) : g.op('Expand', [g.scalar(0), g.ints(shapeInts(value.shape))], {});
  if (lookups.length === 0) return sum;
  const rows = g.concat(
    lookups.map((part) => part.rows),
    0,
  );
  const indices = g.concat(
    lookups.map((part) => part.indices),
    0,
  );
  // A sum that is about to be transposed is added to before: there onnxruntime adds in place, while an output's input is copied.
  if (sum.node?.op === 'Transpose')
    return g.transpose(scatter(g, sum.node.inputs[0], 1, indices, g.transpose(rows, [1, 0])), [1, 0]);
  return scatter(g, sum, 0, indices, rows);
}

/** Adds to a matrix's rows (axis 0) or columns (axis 1): `slices` has one for each index. */
function scatter(g: Graph, matrix: Value, axis: 0 | 1, indices: Value, slices: Value): Value {
  const size = matrix.shape[1 - axis] as number;
  const column = g.reshape(indices, axis === 0 ? [-1, 1] : [1, -1]);
  const everywhere = g.op('Expand', [column, g.ints(axis === 0 ? [1, size] : [size, 1])], {});
  return g.op('ScatterElements', [matrix, everywhere, slices], { axis, reduction: 'add' });
}
