/** The layers that BERT's descendants share: bidirectional attention and a feed-forward, each followed by its norm. */
import type { Graph } from '../graph/graph.js';
import type { Value } from '../graph/types.js';
import { activation, activationNames, attend, layerNorm, mergeHeads, splitHeads, type Activation } from '../models/blocks.js';
import type { ConfigReader } from '../models/config.js';
import type { Parameters, ParameterSpec } from '../models/types.js';
import type { EncoderConfig } from './types.js';

export interface LayeredConfig extends EncoderConfig {
  readonly ffnSize: number;
  readonly epsilon: number;
  readonly activation: Activation;
  /** rows of the table of positions */
  readonly positionRows: number;
}

/** A layer's modules by what they do. */
export interface LayerNames {
  readonly queries: string;
  readonly keys: string;
  readonly values: string;
  readonly out: string;
  readonly attentionNorm: string;
  readonly up: string;
  readonly down: string;
  readonly outputNorm: string;
}

type Spec = Pick<ParameterSpec, 'name' | 'shape'>;

/** The fields that all of them have, with BERT's defaults. */
export function parseLayered(
  read: ConfigReader,
  modelType: string,
  defaults: { readonly vocabularySize: number; readonly paddingId: number },
): LayeredConfig {
  const hiddenSize = read.size('hidden_size', 768);
  const heads = read.size('num_attention_heads', 12);
  if (hiddenSize % heads !== 0) read.refuse('hidden_size', `${hiddenSize} is not divisible by num_attention_heads ${heads}`);
  const vocabularySize = read.size('vocab_size', defaults.vocabularySize);
  const positionRows = read.size('max_position_embeddings', 512);
  return {
    modelType,
    vocabularySize,
    hiddenSize,
    heads,
    layers: read.size('num_hidden_layers', 12),
    ffnSize: read.size('intermediate_size', 3072),
    epsilon: read.number('layer_norm_eps', 1e-12),
    activation: read.only<Activation>('hidden_act', 'gelu', activationNames),
    paddingId: read.paddingId(defaults.paddingId, vocabularySize) ?? 0,
    positionRows,
    maxPositions: positionRows,
  };
}

export function normSpecs(name: string, size: number): Spec[] {
  return ['weight', 'bias'].map((kind) => ({ name: `${name}.${kind}`, shape: [size] }));
}

/** @param at what the layers' names begin with, before their number */
export function layerSpecs(config: LayeredConfig, at: string, names: LayerNames): Spec[] {
  const { hiddenSize: d, ffnSize, layers } = config;
  const dense = (name: string, out: number, into: number): Spec[] => [
    { name: `${name}.weight`, shape: [out, into] },
    { name: `${name}.bias`, shape: [out] },
  ];
  return Array.from({ length: layers }, (_, i) => `${at}${i}.`).flatMap((layer) => [
    ...[names.queries, names.keys, names.values, names.out].flatMap((name) => dense(layer + name, d, d)),
    ...normSpecs(layer + names.attentionNorm, d),
    ...dense(layer + names.up, ffnSize, d),
    ...dense(layer + names.down, d, ffnSize),
    ...normSpecs(layer + names.outputNorm, d),
  ]);
}

/**
 * All layers.
 * @param time T
 * @param x (B·T, hiddenSize)
 * @param bias added to every layer's scores, broadcast to (B, heads, T, T)
 * @returns (B·T, hiddenSize)
 */
export function encoderLayers(
  g: Graph,
  config: LayeredConfig,
  get: Parameters,
  time: number,
  at: string,
  names: LayerNames,
  x: Value,
  bias: Value,
): Value {
  const { hiddenSize: d, heads } = config;
  const headSize = d / heads;
  const norm = (name: string, y: Value): Value => layerNorm(g, y, get(`${name}.weight`), get(`${name}.bias`), config.epsilon);
  const dense = (name: string, y: Value): Value =>
    g.op('Gemm', [y, get(`${name}.weight`), get(`${name}.bias`)], { transB: true });
  for (let i = 0; i < config.layers; i++) {
    const layer = `${at}${i}.`;
    const [queries, keys, values] = [names.queries, names.keys, names.values].map((name) =>
      splitHeads(g, dense(layer + name, x), time, heads, headSize),
    );
    const context = mergeHeads(g, attend(g, queries, keys, values, bias, headSize ** -0.5), d);
    x = norm(layer + names.attentionNorm, g.add(dense(layer + names.out, context), x));
    const inner = activation(g, config.activation, dense(layer + names.up, x));
    x = norm(layer + names.outputNorm, g.add(dense(layer + names.down, inner), x));
  }
  return x;
}
