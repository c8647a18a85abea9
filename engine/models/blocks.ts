/** Layers that decoder architectures share. Hidden states are matrices (N, d) with N = B·T rows. */
import type { Graph } from '../graph/graph.js';
import { fixed, type Value } from '../graph/types.js';
import type { DecoderInputs, Parameters } from './types.js';

/** x (N, in) -> x Wᵀ + b (N, out), W stored (out, in) as in torch.nn.Linear. */
export function linear(g: Graph, x: Value, weight: Value, bias?: Value): Value {
  return g.op('Gemm', bias === undefined ? [x, weight] : [x, weight, bias], { transB: true });
}

/** torch.nn.LayerNorm over the last dimension of (N, d). */
export function layerNorm(g: Graph, x: Value, weight: Value, bias: Value, epsilon = 1e-5): Value {
  return g.op('LayerNormalization', [x, weight, bias], { axis: -1, epsilon });
}

export type Activation = 'relu' | 'gelu' | 'gelu_new';

export function activation(g: Graph, kind: Activation, x: Value): Value {
  if (kind === 'relu') return g.op('Relu', [x], {});
  return g.op('Gelu', [x], { approximate: kind === 'gelu' ? 'none' : 'tanh' });
}

/** (N, heads·headSize) -> (B, heads, T, headSize); T must be fixed, B may be symbolic. */
export function splitHeads(g: Graph, x: Value, time: number, heads: number, headSize: number): Value {
  return g.transpose(g.reshape(x, [-1, time, heads, headSize]), [0, 2, 1, 3]);
}

/** (B, heads, T, headSize) -> (N, heads·headSize) */
export function mergeHeads(g: Graph, x: Value, width: number): Value {
  return g.reshape(g.transpose(x, [0, 2, 1, 3]), [-1, width]);
}

export interface AttentionOptions {
  readonly layer: number;
  readonly heads: number;
  readonly headSize: number;
  /** names of the projections without `.weight` and `.bias` */
  readonly projections: { readonly query: string; readonly key: string; readonly value: string; readonly out: string };
  readonly bias: boolean;
}

/** softmax(alpha · Q Kᵀ + mask) V over (B, heads, T | S, headSize); `mask` is broadcast to (B, heads, T, S). */
export function attend(g: Graph, queries: Value, keys: Value, values: Value, mask: Value, alpha: number): Value {
  const scores = g.matmul(queries, keys, { transB: true, alpha }); // (B, H, T, S)
  return g.matmul(g.op('Softmax', [g.add(scores, mask)], { axis: -1 }), values);
}

/** Multi-head self-attention over x (N, d), through the inputs' mask or their key/value cache. */
export function attention(g: Graph, x: Value, parameters: Parameters, inputs: DecoderInputs, options: AttentionOptions): Value {
  const { layer, heads, headSize, projections } = options;
  const time = fixed(inputs.ids.shape[1], 'attention over T tokens');
  const project = (name: string, input: Value): Value =>
    linear(g, input, parameters(`${name}.weight`), options.bias ? parameters(`${name}.bias`) : undefined);
  const split = (name: string): Value => splitHeads(g, project(name, x), time, heads, headSize); // (B, H, T, dh)

  const [queries, keys, values] = [split(projections.query), split(projections.key), split(projections.value)];
  const alpha = headSize ** -0.5;
  const context = inputs.attend?.(layer, queries, keys, values, alpha) ?? attend(g, queries, keys, values, inputs.mask, alpha);
  return project(projections.out, mergeHeads(g, context, heads * headSize));
}
