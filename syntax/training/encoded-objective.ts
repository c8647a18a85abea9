/** What the network over an encoder's states is trained to say: heads, relations to the right heads, and tags, all alike in weight. */
import { backward } from '../../engine/graph/backward.js';
import { sizeOf } from '../../engine/graph/dims.js';
import { Graph } from '../../engine/graph/graph.js';
import type { Value } from '../../engine/graph/types.js';
import { dropoutName } from '../../engine/train/dropout.js';
import { gradientName } from '../../engine/train/graph.js';
import type { Sentence } from '../conllu.js';
import { network, networkInputs, networkParameters, relationPoints, type NetworkConfig } from '../encoded/network.js';
import type { Subwords } from '../encoded/subwords.js';

/** What is right of each word. */
export interface Gold {
  /** the place of its head's first sub-word; 0: the root */
  readonly heads: Int32Array;
  readonly relations: Int32Array;
  readonly tags: Int32Array;
}

export function gold({ heads, deprels }: Sentence, { places }: Subwords, tags: Int32Array, relations: readonly string[]): Gold {
  return {
    heads: Int32Array.from(heads, (head) => (head === 0 ? 0 : places[head - 1])),
    relations: Int32Array.from(deprels, (deprel) => relations.indexOf(deprel)),
    tags,
  };
}

/**
 * Inputs: the network's, every parameter, `dropout.0` … (B·T, width), and of each place what is right: `gold.arcs` (B, T, T), `gold.relations`
 * (B·T, relations) and `gold.tags` (B·T, tags), ones and zeros; `weights` (B·T, 1), what a place counts for.
 * Outputs: `loss`, the weighted sum of negative logarithms of what is right, and `grad.<parameter>`.
 */
export function encodedTrainingGraph(config: NetworkConfig, time: number): Graph {
  const g = new Graph();
  const cells = sizeOf(['B', time])!;
  const parameters = new Map(networkParameters(config).map(({ name, shape }) => [name, g.input(name, 'float32', shape)]));
  const get = (name: string): Value => parameters.get(name)!;
  let sites = 0;
  const dropout = (x: Value): Value => g.mul(x, g.input(dropoutName(sites++), 'float32', x.shape));
  const outputs = network(g, config, get, { ...networkInputs(g, config, time), dropout });
  const arcs = g.input('gold.arcs', 'float32', ['B', time, time]);
  // the row of each place's head
  const heads = g.matmul(arcs, g.reshape(outputs.heads, [-1, time, config.relationSize]));
  const relations = relationPoints(g, get, outputs.dependents, g.reshape(heads, [-1, config.relationSize]));
  const weights = g.input('weights', 'float32', [cells, 1]);
  const terms = [
    { points: outputs.arcs, right: g.reshape(arcs, [-1, time]) },
    { points: relations, right: g.input('gold.relations', 'float32', [cells, config.relations]) },
    { points: outputs.tags, right: g.input('gold.tags', 'float32', [cells, config.tags]) },
  ].map(({ points, right }) => ({ logs: g.op('LogSoftmax', [points], { axis: -1 }), counted: g.mul(right, weights) }));
  const seeds = terms.map(({ logs, counted }) => ({ value: logs, gradient: g.neg(counted) }));
  const gradients = backward(g, seeds, [...parameters.values()]);
  const losses = terms.map(({ logs, counted }) => g.neg(g.reduceSum(g.mul(logs, counted), [0, 1])));
  g.output('loss', losses.reduce((a, b) => g.add(a, b))); // prettier-ignore
  for (const [name, value] of parameters) g.output(gradientName(name), gradients.get(value)!);
  return g;
}
