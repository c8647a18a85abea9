/** What onnxruntime's WebGPU kernels compute otherwise than its CPU kernels, written with other operators. */
import { Graph } from './graph.js';
import type { Node, Value } from './types.js';

/**
 * Changes a graph in place for the WebGPU execution provider (onnxruntime 1.30): SimplifiedLayerNormalization's second output is the
 * mean there, not 1 / root mean square; where it is used it is computed apart.
 */
export function adaptToWebgpu(graph: Graph): void {
  for (const node of [...graph.nodes]) {
    if (node.op !== 'SimplifiedLayerNormalization') continue;
    const { inputs, outputs, attributes } = node as unknown as Node<'SimplifiedLayerNormalization'>;
    const inverse = outputs[1];
    const users = graph.nodes.filter((other) => other.inputs.includes(inverse));
    const named = graph.outputs.filter(({ value }) => value === inverse);
    if (users.length === 0 && named.length === 0) continue;

    const [x] = inputs;
    const rank = x.shape.length;
    const from = attributes.axis < 0 ? attributes.axis + rank : attributes.axis;
    const axes = Array.from({ length: rank - from }, (_, i) => from + i);
    const end = graph.nodes.length;
    const square = graph.add(graph.reduceMean(graph.mul(x, x), axes, true), graph.scalar(attributes.epsilon));
    const exact = graph.op('Exp', [graph.scale(graph.op('Log', [square], {}), -0.5)], {});
    graph.nodes.splice(graph.nodes.indexOf(node) + 1, 0, ...graph.nodes.splice(end));
    for (const user of users)
      (user.inputs as Value[]).splice(0, Infinity, ...user.inputs.map((v) => (v === inverse ? exact : v)));
    for (const output of named) (output as { value: Value }).value = exact;
  }
}
