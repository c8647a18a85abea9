/** Layers that decoder architectures share. Hidden states are matrices (N, d) with N = B·T rows. */
import type { Graph } from '../graph/graph.js';
import { fixed, type Value } from '../graph/types.js';
import type { DecoderInputs, Initializer, Parameters, ParameterSpec } from './types.js';

export interface LinearOptions {
  readonly bias: boolean;
  /** whether the weight is stored (in, out), as GPT-2's Conv1D does, and not (out, in), as torch.nn.Linear does */
  readonly inOut?: boolean;
}

/** The linear module of a name: x (N, in) -> x Wᵀ + b (N, out), and what an adapter adds to it. */
export function linear(g: Graph, get: Parameters, inputs: DecoderInputs, name: string, x: Value, options: LinearOptions): Value {
  const weight = get(`${name}.weight`);
  const y = g.op('Gemm', options.bias ? [x, weight, get(`${name}.bias`)] : [x, weight], { transB: options.inOut !== true });
  return inputs.adapt?.(name, x, y) ?? y;
}

/** A linear module's parameters. */
export function linearSpecs(name: string, out: number, into: number, init: Initializer, options: LinearOptions): ParameterSpec[] {
  const linear = options.inOut === true ? 'in-out' : 'out-in';
  return [
    { name: `${name}.weight`, shape: linear === 'in-out' ? [into, out] : [out, into], init, linear },
    ...(options.bias ? [{ name: `${name}.bias`, shape: [out], init: { kind: 'zeros' } as const }] : []),
  ];
}

/** torch.nn.LayerNorm over the last dimension of (N, d). */
export function layerNorm(g: Graph, x: Value, weight: Value, bias: Value, epsilon = 1e-5): Value {
  return g.op('LayerNormalization', [x, weight, bias], { axis: -1, epsilon });
}

/** Its parameters, of d numbers each. */
export function layerNormSpecs(name: string, d: number): ParameterSpec[] {
  return [
    { name: `${name}.weight`, shape: [d], init: { kind: 'ones' } },
    { name: `${name}.bias`, shape: [d], init: { kind: 'zeros' } },
  ];
}

/** Llama's RMSNorm (Zhang & Sennrich 2019, arXiv:1910.07467) over the last dimension of (N, d). */
export function rmsNorm(g: Graph, x: Value, weight: Value, epsilon: number): Value {
  return g.op('SimplifiedLayerNormalization', [x, weight], { axis: -1, epsilon });
}

/** Activations by transformers' names. */
const ACTIVATIONS = {
  relu: (g: Graph, x: Value): Value => g.op('Relu', [x], {}),
  gelu: (g: Graph, x: Value): Value => g.op('Gelu', [x], { approximate: 'none' }),
  gelu_new: (g: Graph, x: Value): Value => g.op('Gelu', [x], { approximate: 'tanh' }),
  gelu_pytorch_tanh: (g: Graph, x: Value): Value => g.op('Gelu', [x], { approximate: 'tanh' }),
  silu: (g: Graph, x: Value): Value => g.mul(x, g.op('Sigmoid', [x], {})),
  // Other names of the same functions.
  swish: (g: Graph, x: Value): Value => ACTIVATIONS.silu(g, x),
  gelu_python: (g: Graph, x: Value): Value => ACTIVATIONS.gelu(g, x),
  gelu_fast: (g: Graph, x: Value): Value => ACTIVATIONS.gelu_new(g, x),
  gelu_accurate: (g: Graph, x: Value): Value => ACTIVATIONS.gelu_new(g, x),
  gelu_python_tanh: (g: Graph, x: Value): Value => ACTIVATIONS.gelu_new(g, x),
} as const;
export type Activation = keyof typeof ACTIVATIONS;
export const activationNames = Object.keys(ACTIVATIONS) as Activation[];

export function activation(g: Graph, kind: Activation, x: Value): Value {
  return ACTIVATIONS[kind](g, x);
}

/** (N, heads·headSize) -> (B, heads, T, headSize); T must be fixed, B may be symbolic. */
export function splitHeads(g: Graph, x: Value, time: number, heads: number, headSize: number): Value {
  if (time === 1) return g.reshape(x, [-1, heads, 1, headSize]);
  return g.transpose(g.reshape(x, [-1, time, heads, headSize]), [0, 2, 1, 3]);
}

/** (B, heads, T, headSize) -> (N, heads·headSize) */
export function mergeHeads(g: Graph, x: Value, width: number): Value {
  return g.reshape(x.shape[2] === 1 ? x : g.transpose(x, [0, 2, 1, 3]), [-1, width]);
}

/** cap · tanh(x / cap): about x where |x| is small, never beyond the cap; without one, x. */
export function softcapped(g: Graph, x: Value, cap: number | undefined): Value {
  return cap === undefined ? x : g.scale(g.op('Tanh', [g.scale(x, 1 / cap)], {}), cap);
}

/**
 * alpha · Q Kᵀ, soft-capped: queries (B, heads, T, headSize), keys (B, keyHeads, S, headSize) -> (B, heads, T, S). Each key head serves
 * heads / keyHeads queries' heads in a row (Ainslie et al. 2023, arXiv:2305.13245); they are multiplied as one, so keys are never
 * repeated.
 */
export function attentionScores(g: Graph, queries: Value, keys: Value, alpha: number, softcap?: number): Value {
  return softcapped(g, scaledProducts(g, queries, keys, alpha), softcap);
}

function scaledProducts(g: Graph, queries: Value, keys: Value, alpha: number): Value {
  const [, heads, , headSize] = queries.shape as number[];
  const keyHeads = keys.shape[1] as number;
  if (heads === keyHeads) return g.matmul(queries, keys, { transB: true, alpha });
  const grouped = g.reshape(queries, [0, keyHeads, -1, headSize]);
  return g.reshape(g.matmul(grouped, keys, { transB: true, alpha }), [0, heads, -1, 0]);
}

/** weights (B, heads, T, S) times values (B, keyHeads, S, headSize) -> (B, heads, T, headSize) */
export function attentionSum(g: Graph, weights: Value, values: Value): Value {
  const heads = weights.shape[1] as number;
  const [, keyHeads, , headSize] = values.shape as number[];
  if (heads === keyHeads) return g.matmul(weights, values);
  const grouped = g.reshape(weights, [0, keyHeads, -1, 0]);
  return g.reshape(g.matmul(grouped, values), [0, heads, -1, headSize]);
}

/** softmax(alpha · Q Kᵀ + mask) V; `mask` is broadcast to (B, heads, T, S). */
export function attend(
  g: Graph,
  queries: Value,
  keys: Value,
  values: Value,
  mask: Value,
  alpha: number,
  softcap?: number,
): Value {
  const scores = g.add(attentionScores(g, queries, keys, alpha, softcap), mask); // (B, H, T, S)
  return attentionSum(g, g.op('Softmax', [scores], { axis: -1 }), values);
}

export interface AttentionOptions {
  readonly layer: number;
  readonly heads: number;
  /** heads of keys and values; default: as many as heads */
  readonly keyHeads?: number;
  readonly headSize: number;
  /** what becomes of queries and of keys (B, heads, T, headSize) before they meet: rotation, norms; default: they stay */
  readonly queries?: (x: Value) => Value;
  readonly keys?: (x: Value) => Value;
  /** a token sees itself and the window - 1 tokens before it; absent: all before it */
  readonly window?: number;
  /** factor of the scores; default: 1 / sqrt(headSize) */
  readonly alpha?: number;
  /** of the scores; absent: none */
  readonly softcap?: number;
}

/**
 * Multi-head self-attention between the projections: queries (N, heads·headSize), keys and values (N, keyHeads·headSize) ->
 * (N, heads·headSize), under the inputs' mask or as they say otherwise.
 */
export function attention(g: Graph, projected: readonly Value[], inputs: DecoderInputs, options: AttentionOptions): Value {
  if (inputs.attention) return inputs.attention(projected, options);
  const { heads, headSize, alpha = headSize ** -0.5, softcap } = options;
  const time = fixed(inputs.ids.shape[1], 'attention over T tokens');
  const [queries, keys, values] = toHeads(projected, options, (x, count) => splitHeads(g, x, time, count, headSize));
  const mask = inputs.mask(options.window);
  return mergeHeads(g, attend(g, queries, keys, values, mask, alpha, softcap), heads * headSize);
}

/**
 * Projections by head, ready to meet.
 * @param split (N, heads·headSize) -> (B, heads, T, headSize)
 */
export function toHeads(
  [queries, keys, values]: readonly Value[],
  { heads, keyHeads = heads, queries: asQueries = (x) => x, keys: asKeys = (x) => x }: AttentionOptions,
  split: (x: Value, heads: number) => Value,
): readonly [queries: Value, keys: Value, values: Value] {
  return [asQueries(split(queries, heads)), asKeys(split(keys, keyHeads)), split(values, keyHeads)];
}
