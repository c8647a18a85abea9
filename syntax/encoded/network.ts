/**
 * The network that reads a sentence's sub-words as an encoder left them: some more layers of the encoder's kind, then whose dependent each
 * word is, by a product of what it is as a dependent and what the other is as a head (Dozat & Manning 2017, arXiv:1611.01734), the relation
 * between the two, and the word's tags. A word stands where its first sub-word does, the root where the sentence begins.
 */
import { encoderLayers, layerSpecs, type LayeredConfig } from '../../engine/encoders/layers.js';
import { BERT_LAYER } from '../../engine/encoders/bert.js';
import { sizeOf } from '../../engine/graph/dims.js';
import type { Graph } from '../../engine/graph/graph.js';
import type { Value } from '../../engine/graph/types.js';
import type { Parameters } from '../../engine/models/types.js';

/** Sizes of the network; its layers are as wide as the encoder's. */
export interface NetworkConfig {
  readonly layer: Pick<LayeredConfig, 'hiddenSize' | 'heads' | 'ffnSize' | 'epsilon' | 'activation'>;
  readonly layers: number;
  /** numbers by which a head and a dependent are matched */
  readonly arcSize: number;
  /** width of the hidden layer in front of the relations */
  readonly relationSize: number;
  readonly relations: number;
  readonly tags: number;
}

export interface NetworkInputs {
  /** (B·T, hiddenSize) */
  readonly states: Value;
  readonly time: number;
  /** (B, 1, 1, T): 0 where there is a sub-word, float32's minimum where padding is */
  readonly mask: Value;
  /** (B, 1, T): 0 where a word or the root stands, float32's minimum elsewhere */
  readonly places: Value;
  /** dropout of (B·T, d), where it is trained */
  readonly dropout?: (x: Value) => Value;
}

export interface NetworkOutputs {
  /** (B·T, T) points of each place as the head of each */
  readonly arcs: Value;
  /** (B·T, relationSize): what enters the relation's hidden layer of a dependent, and of a head */
  readonly dependents: Value;
  readonly heads: Value;
  /** (B·T, tags) points */
  readonly tags: Value;
}

const LAYER = 'layer.';

/** What the parameters of the layer of number i begin with; of '', those of all layers. */
export const layerPrefix = (i: number | ''): string => (i === '' ? LAYER : `${LAYER}${i}.`);

const full = ({ layer, layers }: NetworkConfig): LayeredConfig => ({
  ...layer,
  layers,
  modelType: 'bert',
  vocabularySize: 0,
  paddingId: 0,
  positionRows: 0,
  maxPositions: 0,
});

export function networkParameters(config: NetworkConfig): { readonly name: string; readonly shape: readonly number[] }[] {
  const { layer, arcSize, relationSize, relations, tags } = config;
  const dense = (name: string, out: number, into: number) => [
    { name: `${name}.weight`, shape: [out, into] },
    { name: `${name}.bias`, shape: [out] },
  ];
  const d = layer.hiddenSize;
  return [
    ...layerSpecs(full(config), LAYER, BERT_LAYER),
    ...dense('arc.dependent', arcSize, d),
    ...dense('arc.head', arcSize, d),
    { name: 'arc.match', shape: [arcSize, arcSize] },
    { name: 'arc.rate', shape: [1, d] },
    ...dense('relation.dependent', relationSize, d),
    ...dense('relation.head', relationSize, d),
    ...dense('relation.out', relations, relationSize),
    ...dense('tag', tags, d),
  ];
}

/** Inputs `states`, `mask` and `places` of a graph for sentences of so many sub-words. */
export const networkInputs = (g: Graph, { layer }: NetworkConfig, time: number): NetworkInputs => ({
  time,
  states: g.input('states', 'float32', [sizeOf(['B', time])!, layer.hiddenSize]),
  mask: g.input('mask', 'float32', ['B', 1, 1, time]),
  places: g.input('places', 'float32', ['B', 1, time]),
});

/** Relations' points (M, relations) of M arcs: what their dependents and heads put into the hidden layer (M, relationSize). */
export function relationPoints(g: Graph, get: Parameters, dependents: Value, heads: Value): Value {
  const hidden = g.op('Relu', [g.add(dependents, heads)], {});
  return g.op('Gemm', [hidden, get('relation.out.weight'), get('relation.out.bias')], { transB: true });
}

/** Rotary embedding (Su et al. 2021, arXiv:2104.09864) of (B, 1, T, size). */
function turned(g: Graph, x: Value): Value {
  const [time, size] = [x.shape[2], x.shape[3]] as number[];
  const pairs = size / 2;
  const angle = (i: number): number => Math.floor(i / pairs) * 10000 ** -((i % pairs) / pairs);
  const table = (of: (angle: number) => number): Value =>
    g.constant(
      'float32',
      [time, pairs],
      Float32Array.from({ length: time * pairs }, (_, i) => of(angle(i))),
    );
  return g.op('RotaryEmbedding', [x, g.ints([0]), table(Math.cos), table(Math.sin)], {});
}

export function network(g: Graph, config: NetworkConfig, get: Parameters, inputs: NetworkInputs): NetworkOutputs {
  const { states, time, mask, places, dropout = (x: Value) => x } = inputs;
  const { arcSize } = config;
  const x = dropout(encoderLayers(g, full(config), get, time, LAYER, BERT_LAYER, dropout(states), mask));
  const dense = (name: string): Value => g.op('Gemm', [x, get(`${name}.weight`), get(`${name}.bias`)], { transB: true });
  const role = (name: string): Value => g.op('Relu', [dense(name)], {});
  // turned by where they stand, so that a match may depend on how far they are apart
  const byPlace = (y: Value): Value => g.reshape(turned(g, g.reshape(y, [-1, 1, time, arcSize])), [-1, time, arcSize]);
  const sought = g.op('Gemm', [role('arc.dependent'), get('arc.match')], { transB: true });
  const matched = g.matmul(byPlace(sought), byPlace(role('arc.head')), { transB: true });
  // how readily a place is a head at all
  const rate = g.reshape(g.op('Gemm', [x, get('arc.rate')], { transB: true }), [-1, 1, time]);
  return {
    arcs: g.reshape(g.add(g.add(matched, rate), places), [-1, time]),
    dependents: dense('relation.dependent'),
    heads: dense('relation.head'),
    tags: dense('tag'),
  };
}
