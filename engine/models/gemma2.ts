/**
 * Gemma 2 (Gemma Team 2024, arXiv:2408.00118) as in transformers' modeling_gemma2: norms before and after each branch that scale by
 * 1 + w, scores and logits soft-capped to (-cap, cap), embeddings scaled by sqrt(d), GeGLU. Every other layer looks back a sliding
 * window only.
 */
import type { Graph } from '../graph/graph.js';
import type { Value } from '../graph/types.js';
import { activation, activationNames, attention, linear, linearSpecs, rmsNorm, type Activation } from './blocks.js';
import type { ConfigReader } from './config.js';
import { canonicalName, LLAMA_GGUF, parseDecoder, slidingLayers, slidingWindow, type HeadNorms, type LlamaConfig, type LlamaDefaults } from './llama.js'; // prettier-ignore
import type { GgufLayout } from './gguf.js';
import { rotation, type Rotary } from './rotary.js';
import type { Architecture, DecoderInputs, Initializer, Parameters, ParameterSpec } from './types.js';

export interface GemmaConfig extends LlamaConfig {
  /** attention scores are divided by its square root */
  readonly queryScalar: number;
  readonly scoreSoftcap?: number;
  /** positions of the layers that slide, where they have their own */
  readonly slidingRotary?: Rotary;
}

const DEFAULTS = {
  vocabularySize: 256000,
  hiddenSize: 2304,
  ffnSize: 9216,
  heads: 8,
  keyHeads: 4,
  headSize: 256,
  layers: 26,
  tied: true,
  maxPositions: 8192,
  epsilon: 1e-6,
};

/** RMSNorm that scales by 1 + w. */
export function gemmaNorm(g: Graph, get: Parameters, { epsilon }: GemmaConfig, name: string, x: Value): Value {
  return rmsNorm(g, x, g.add(get(`${name}.weight`), g.scalar(1)), epsilon);
}

/**
 * The fields that Gemma 2 and 3 share.
 * @param caps of scores and logits, where config.json says nothing
 * @param slides whether a layer does, where it says nothing
 */
export function parseGemma(
  read: ConfigReader,
  modelType: string,
  defaults: LlamaDefaults,
  caps: { readonly scores?: number; readonly logits?: number },
  slides: (layer: number) => boolean,
): GemmaConfig {
  read.only('use_bidirectional_attention', false, [false]);
  const cap = (name: string, fallback: number | undefined): number | undefined => {
    const given = read.get(name);
    return given === null || (given === undefined && fallback === undefined) ? undefined : read.number(name, fallback ?? 0);
  };
  const bias = read.boolean('attention_bias', false);
  const config = parseDecoder(read, modelType, defaults, { queryKeyValue: bias, out: bias, feedForward: false });
  const window = slidingWindow(read, 4096);
  return {
    ...config,
    windows: slidingLayers(read, config.layers, slides).map((sliding) => (sliding ? window : undefined)),
    activation: read.only<Activation>('hidden_activation', 'gelu_pytorch_tanh', activationNames),
    queryScalar: read.number('query_pre_attn_scalar', 256),
    scoreSoftcap: cap('attn_logit_softcapping', caps.scores),
    logitSoftcap: cap('final_logit_softcapping', caps.logits),
  };
}

const NORMS = ['input_layernorm', 'post_attention_layernorm', 'pre_feedforward_layernorm', 'post_feedforward_layernorm'];

function parameters(config: GemmaConfig, norms?: HeadNorms): ParameterSpec[] {
  const { hiddenSize: d, ffnSize, headSize, heads, keyHeads, vocabularySize, paddingId, bias, layers, initStd } = config;
  const normal: Initializer = { kind: 'normal', std: initStd };
  const embedding: Initializer = paddingId === undefined ? normal : { ...normal, zeroRow: paddingId };
  const norm = (name: string): ParameterSpec => ({ name: `${name}.weight`, shape: [d], init: { kind: 'zeros' } });
  const dense = (name: string, out: number, into: number, withBias: boolean): ParameterSpec[] =>
    linearSpecs(name, out, into, normal, { bias: withBias });
  const layer = (i: number): ParameterSpec[] => {
    const at = `model.layers.${i}.`;
    return [
      ...dense(`${at}self_attn.q_proj`, heads * headSize, d, bias.queryKeyValue),
      ...dense(`${at}self_attn.k_proj`, keyHeads * headSize, d, bias.queryKeyValue),
      ...dense(`${at}self_attn.v_proj`, keyHeads * headSize, d, bias.queryKeyValue),
      ...dense(`${at}self_attn.o_proj`, d, heads * headSize, bias.out),
      ...(norms?.parameters(config, `${at}self_attn`) ?? []),
      ...dense(`${at}mlp.gate_proj`, ffnSize, d, false),
      ...dense(`${at}mlp.up_proj`, ffnSize, d, false),
      ...dense(`${at}mlp.down_proj`, d, ffnSize, false),
      ...NORMS.map((name) => norm(at + name)),
    ];
  };
  return [
    { name: 'model.embed_tokens.weight', shape: [vocabularySize, d], init: embedding },
    ...Array.from({ length: layers }, (_, i) => layer(i)).flat(),
    norm('model.norm'),
    ...(config.tied ? [] : [{ name: 'lm_head.weight', shape: [vocabularySize, d], init: normal }]),
  ];
}

function hidden(g: Graph, config: GemmaConfig, get: Parameters, inputs: DecoderInputs, norms?: HeadNorms): Value {
  const { heads, keyHeads, headSize, bias, queryScalar, scoreSoftcap: softcap } = config;
  const norm = (name: string, x: Value): Value => gemmaNorm(g, get, config, name, x);
  const dense = (name: string, x: Value, withBias: boolean): Value => linear(g, get, inputs, name, x, { bias: withBias });
  const dropout = inputs.dropout ?? ((x: Value): Value => x);
  const positions = (rotary: Rotary): ((x: Value) => Value) =>
    rotation(g, rotary, inputs.positions, inputs.positionCount ?? config.maxPositions);
  const everywhere = positions(config.rotary);
  const sliding = config.slidingRotary ? positions(config.slidingRotary) : everywhere;
  const options = { heads, keyHeads, headSize, alpha: queryScalar ** -0.5, softcap };

  const embedded = g.gather(get('model.embed_tokens.weight'), g.reshape(inputs.ids, [-1]), config.paddingId);
  let x = g.scale(embedded, Math.sqrt(config.hiddenSize)); // (N, d)
  for (let i = 0; i < config.layers; i++)
    g.segment(() => {
      const at = `model.layers.${i}.`;
      const y = norm(`${at}input_layernorm`, x);
      const projected = ['q_proj', 'k_proj', 'v_proj'].map((name) => dense(`${at}self_attn.${name}`, y, bias.queryKeyValue));
      const window = config.windows?.[i];
      const rotate = window === undefined ? everywhere : sliding;
      const byHead = (which: string) => (x: Value) => rotate(norms?.apply(g, get, config, `${at}self_attn.${which}`, x) ?? x);
      const context = attention(g, projected, inputs, {
        layer: i, window, queries: byHead('q_norm'), keys: byHead('k_norm'), ...options,
      }); // prettier-ignore
      const attended = norm(`${at}post_attention_layernorm`, dense(`${at}self_attn.o_proj`, context, bias.out));
      x = g.add(x, dropout(attended));
      const z = norm(`${at}pre_feedforward_layernorm`, x);
      const gate = activation(g, config.activation, dense(`${at}mlp.gate_proj`, z, false));
      const inner = g.mul(gate, dense(`${at}mlp.up_proj`, z, false));
      const fed = norm(`${at}post_feedforward_layernorm`, dense(`${at}mlp.down_proj`, inner, false));
      x = g.add(x, dropout(fed));
    });
  return norm('model.norm', x);
}

/** An architecture of this decoder, all but its name and its config. */
export function gemmaLike(norms?: HeadNorms): Omit<Architecture<GemmaConfig>, 'modelType' | 'parseConfig'> {
  return {
    loraTargets: ['q_proj', 'v_proj'],
    parameters: (config) => parameters(config, norms),
    canonicalName,
    hidden: (g, config, get, inputs) => hidden(g, config, get, inputs, norms),
    headWeight: (config) => (config.tied ? 'model.embed_tokens.weight' : 'lm_head.weight'),
  };
}

/** Norms are stored with the 1 that is added to them. */
export const LESS_ONE = { add: -1 };

/** How llama.cpp writes models of this decoder, but for what scores are divided by. */
export const GEMMA_GGUF = {
  ...LLAMA_GGUF,
  fields: {
    ...LLAMA_GGUF.fields,
    'attention.sliding_window': 'sliding_window',
    'attn_logit_softcapping': 'attn_logit_softcapping',
    'final_logit_softcapping': 'final_logit_softcapping',
  }, // prettier-ignore
  layerNames: {
    ...LLAMA_GGUF.layerNames,
    post_attention_norm: 'post_attention_layernorm',
    ffn_norm: 'pre_feedforward_layernorm',
    post_ffw_norm: 'post_feedforward_layernorm',
  },
  rearrange: {
    output_norm: LESS_ONE,
    attn_norm: LESS_ONE,
    post_attention_norm: LESS_ONE,
    ffn_norm: LESS_ONE,
    post_ffw_norm: LESS_ONE,
  },
} satisfies Partial<GgufLayout>;

/**
 * Scores are divided by the square root of a head's size, and in the 27B models, which are told by their number of layers, by that of
 * hidden_size / heads: llama.cpp knows it, no key says so.
 */
export function scalarByHead(layersOf27B: number): GgufLayout['fields'] {
  return {
    'attention.key_length': (size, key) => ({
      head_dim: size,
      query_pre_attn_scalar:
        Number(key('block_count')) === layersOf27B ? Number(key('embedding_length')) / Number(key('attention.head_count')) : size,
    }),
  };
}

const LAYERS_OF_27B = 46;

export const gemma2: Architecture<GemmaConfig> = {
  ...gemmaLike(),
  modelType: 'gemma2',
  gguf: {
    ...GEMMA_GGUF,
    name: 'gemma2',
    className: 'Gemma2ForCausalLM',
    fields: { ...GEMMA_GGUF.fields, ...scalarByHead(LAYERS_OF_27B) },
  },
  parseConfig: (read) => parseGemma(read, 'gemma2', DEFAULTS, { scores: 50, logits: 30 }, (layer) => layer % 2 === 0),
};
