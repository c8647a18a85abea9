/** A model's weights as graph inputs. */
import { frozenWeights } from '../adapters/lora.js';
import type { Model } from '../checkpoint/huggingface.js';
import type { NamedTensor } from '../checkpoint/safetensors.js';
import type { StoredWeight, StoredWeights } from '../checkpoint/stored.js';
import type { Graph } from '../graph/graph.js';
import { BLOCK } from '../graph/stored.js';
import type { Value } from '../graph/types.js';
import { float32, type Tensor } from '../session.js';
import { architectureOf } from './index.js';
import type { DecoderConfig, Parameters } from './types.js';

/**
 * Each parameter becomes an input of the graph under its Hugging Face name when it is first asked for; a stored one becomes a
 * constant that is mapped from its file.
 */
export function weightInputs(graph: Graph, config: DecoderConfig, stored?: StoredWeights): Parameters {
  const shapes = new Map(
    architectureOf(config.modelType)
      .parameters(config)
      .map(({ name, shape }) => [name, shape]),
  );
  const values = new Map<string, Value>();
  return (name) => {
    const shape = shapes.get(name);
    if (shape === undefined) throw new Error(`internal: ${config.modelType} has no parameter ${name}`);
    const left = stored?.get(name);
    const value = values.get(name) ?? (left === undefined ? graph.input(name, graph.float, shape) : storedValue(graph, left, 0));
    values.set(name, value);
    return value;
  };
}

/** Each parameter becomes a constant of the graph when it is first asked for: onnxruntime then packs matrices once and for all. */
export function weightConstants(graph: Graph, weights: ReadonlyMap<string, NamedTensor>, stored?: StoredWeights): Parameters {
  const values = new Map<string, Value>();
  return (name) => {
    const known = values.get(name);
    if (known !== undefined) return known;
    const left = stored?.get(name);
    const tensor = weights.get(name);
    if (left === undefined && tensor === undefined) throw new Error(`internal: there is no weight ${name}`);
    // Rounding the layer's input to 8 bits is what makes quantised weights fast, and spares a second copy of them.
    const value = left ? storedValue(graph, left, 4) : graph.constant('float32', tensor!.shape, tensor!.data, tensor!.file);
    values.set(name, value);
    return value;
  };
}

/** A stored weight as a value of its declared shape; accuracy as in MatMulNBits. */
function storedValue(graph: Graph, { shape, format, turned, file, bits, scales }: StoredWeight, accuracy: 0 | 4): Value {
  if (format === 'float32') return graph.mapped('float32', shape, file);
  const [rows, columns] = turned ? [shape[1], shape[0]] : shape;
  if (format !== 'blocks')
    return graph.stored(shape, { rows, columns, turned, kind: 'half', halves: graph.mapped(format, shape, file) });
  const count = columns / BLOCK;
  return graph.stored(shape, {
    rows,
    columns,
    turned,
    kind: 'blocks',
    bits: bits!,
    blocks: graph.mapped('uint8', [rows, count, (BLOCK * bits!) / 8], file),
    ...(bits === 4 && { numbers: graph.mapped('uint4', [rows, columns], file) }),
    scales: graph.mapped('float32', [rows, count], scales!),
    accuracy,
  });
}

/** A model's weights as a session's feeds, but for what its graphs carry as constants. */
export function modelFeeds({ weights, adapter }: Pick<Model, 'weights' | 'adapter'>): Record<string, Tensor> {
  return { ...weightFeeds(weights), ...weightFeeds(frozenWeights(adapter)) };
}

/** Weights as a session's feeds. */
export function weightFeeds(weights: ReadonlyMap<string, NamedTensor>): Record<string, Tensor> {
  return Object.fromEntries([...weights].map(([name, { shape, data }]) => [name, float32(data, shape)]));
}
