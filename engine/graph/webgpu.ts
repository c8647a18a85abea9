/** What onnxruntime's WebGPU provider lacks or computes otherwise than the CPU, written with operators that it has. */
import type { Graph } from './graph.js';
import type { Attributes } from './ops.js';
import type { Branch, Node, Value } from './types.js';

/**
 * Changes a graph in place for the WebGPU execution provider (onnxruntime 1.30). FusedMatMul has no kernel there, so attention would
 * go to the CPU and back. SimplifiedLayerNormalization's second output is the mean there, not 1 / root mean square.
 */
export function adaptToWebgpu(graph: Graph): void {
  const instead = new Map<Value, Value>();
  const changed = (value: Value): Value => instead.get(value) ?? value;
  const adapt = (nodes: readonly Node[], outputs: readonly Value[]): Node[] => {
    const used = new Set([...nodes.flatMap(({ inputs }) => inputs), ...outputs]);
    const outer = graph.nodes;
    const adapted: Node[] = (graph.nodes = []);
    for (const node of nodes) {
      (node as { inputs: readonly Value[] }).inputs = node.inputs.map(changed);
      if (node.op === 'If') (node as { attributes: Attributes['If'] }).attributes = adaptBranches(node as Node<'If'>);
      if (node.op === 'FusedMatMul') instead.set(node.outputs[0], matmul(graph, node));
      else graph.nodes.push(node);
      if (node.op === 'SimplifiedLayerNormalization' && used.has(node.outputs[1]))
        instead.set(node.outputs[1], inverseRootMeanSquare(graph, node));
    }
    graph.nodes = outer;
    return adapted;
  };
  const adaptBranch = ({ nodes, outputs }: Branch): Branch => ({ nodes: adapt(nodes, outputs), outputs: outputs.map(changed) });
  const adaptBranches = ({ attributes: { then, otherwise } }: Node<'If'>): Attributes['If'] => ({
    then: adaptBranch(then),
    otherwise: adaptBranch(otherwise),
  });
  graph.nodes = adapt(graph.nodes, graph.outputs.map(({ value }) => value)); // prettier-ignore
  for (const output of graph.outputs) (output as { value: Value }).value = changed(output.value);
}

function matmul(graph: Graph, { inputs: [a, b], attributes }: Node): Value {
  const { transA, transB, alpha = 1 } = attributes as Attributes['FusedMatMul'];
  const turned = (x: Value): Value => {
    const axes = x.shape.map((_, i) => i);
    return graph.transpose(x, [...axes.slice(0, -2), ...axes.slice(-2).reverse()]);
  };
  const product = graph.op('MatMul', [transA ? turned(a) : a, transB ? turned(b) : b], {});
  return alpha === 1 ? product : graph.scale(product, alpha);
}

function inverseRootMeanSquare(graph: Graph, { inputs: [x], attributes }: Node): Value {
  const { axis, epsilon } = attributes as Attributes['SimplifiedLayerNormalization'];
  const axes = x.shape.map((_, i) => i).slice(axis);
  const square = graph.add(graph.reduceMean(graph.mul(x, x), axes, true), graph.scalar(epsilon));
  return graph.op('Exp', [graph.scale(graph.op('Log', [square], {}), -0.5)], {});
}
