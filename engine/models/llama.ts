/**
 * Llama 2 and 3 (Touvron et al. 2023, arXiv:2307.09288; SmolLM2 too) as in transformers' modeling_llama: RMSNorm, rotary
 * positions, grouped queries, SwiGLU. Mistral, Qwen2 and Qwen3 are the same decoder with other configs.
 */
import type { Graph } from '../graph/graph.js';
import type { Value } from '../graph/types.js';
import { activation, activationNames, attention, linear, linearSpecs, rmsNorm, type Activation } from './blocks.js';
import type { ConfigReader } from './config.js';
import type { GgufLayout } from './gguf.js';
import { parseRotary, rotation, type Rotary } from './rotary.js';
import type { Architecture, DecoderConfig, DecoderInputs, Initializer, Parameters, ParameterSpec } from './types.js';

export interface LlamaConfig extends DecoderConfig {
  readonly ffnSize: number;
  readonly keyHeads: number;
  readonly headSize: number;
  readonly rotary: Rotary;
  readonly epsilon: number;
  readonly activation: Activation;
  /** which linear modules have a bias */
  readonly bias: { readonly queryKeyValue: boolean; readonly out: boolean; readonly feedForward: boolean };
  readonly initStd: number;
  readonly tied: boolean;
}

/** What the decoder's config fields are worth where a config.json leaves them out. */
export interface LlamaDefaults {
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly ffnSize: number;
  readonly heads: number;
  readonly keyHeads?: number;
  /** default: hiddenSize / heads */
  readonly headSize?: number;
  /** default: 32 */
  readonly layers?: number;
  /** default: no */
  readonly tied?: boolean;
  readonly maxPositions: number;
  readonly epsilon: number;
  /** default: none */
  readonly paddingId?: number;
  /** reads positions; default: parseRotary */
  readonly rotary?: (read: ConfigReader, headSize: number, maxPositions: number) => Rotary;
}

/** The fields that all models of this decoder share. */
export function parseDecoder(
  read: ConfigReader,
  modelType: string,
  defaults: LlamaDefaults,
  bias: LlamaConfig['bias'],
): LlamaConfig {
  const hiddenSize = read.size('hidden_size', defaults.hiddenSize);
  const heads = read.size('num_attention_heads', defaults.heads);
  // null: as many as heads; absent: the default of its kind
  const keyHeads = read.size(
    'num_key_value_heads',
    read.get('num_key_value_heads') === null ? heads : (defaults.keyHeads ?? heads),
  );
  if (heads % keyHeads !== 0) read.refuse('num_attention_heads', `${heads} is not divisible by num_key_value_heads ${keyHeads}`);
  if ((read.get('head_dim') ?? defaults.headSize) === undefined && hiddenSize % heads !== 0)
    read.refuse('hidden_size', `${hiddenSize} is not divisible by num_attention_heads ${heads}`);
  const headSize = read.size('head_dim', defaults.headSize ?? hiddenSize / heads);
  const maxPositions = read.size('max_position_embeddings', defaults.maxPositions);
  const vocabularySize = read.size('vocab_size', defaults.vocabularySize);
  const layers = read.size('num_hidden_layers', defaults.layers ?? 32);
  return {
    modelType,
    vocabularySize,
    hiddenSize,
    layers,
    heads,
    maxPositions,
    paddingId: read.paddingId(defaults.paddingId, vocabularySize),
    ffnSize: read.size('intermediate_size', defaults.ffnSize),
    keyHeads,
    headSize,
    rotary: (defaults.rotary ?? parseRotary)(read, headSize, maxPositions),
    epsilon: read.number('rms_norm_eps', defaults.epsilon),
    activation: read.only<Activation>('hidden_act', 'silu', activationNames),
    bias,
    initStd: read.number('initializer_range', 0.02),
    tied: read.boolean('tie_word_embeddings', defaults.tied ?? false),
    json: read.json,
  };
}

/** The window of sliding layers; undefined: config.json says null, there is none. */
export function slidingWindow(read: ConfigReader, fallback: number): number | undefined {
  return read.get('sliding_window') === null ? undefined : read.size('sliding_window', fallback);
}

/**
 * Which layers slide: those that config.json's layer_types names so.
 * @param otherwise by number, where there is no such list
 */
export function slidingLayers(read: ConfigReader, layers: number, otherwise: (layer: number) => boolean): boolean[] {
  const types = read.get('layer_types') ?? null;
  if (types === null) return Array.from({ length: layers }, (_, layer) => otherwise(layer));
  if (!Array.isArray(types) || types.length !== layers)
    return read.refuse('layer_types', `must be a list with a kind for each of ${layers} layers`);
  return types.map((type) => {
    if (type !== 'full_attention' && type !== 'sliding_attention')
      read.refuse('layer_types', `is supported with full_attention and sliding_attention only, not ${JSON.stringify(type)}`);
    return type === 'sliding_attention';
  });
}

/** What an architecture does to queries and keys by head, before they are rotated. */
export interface HeadNorms {
  /** @param at the name of the layer's attention */
  parameters(config: LlamaConfig, at: string): ParameterSpec[];
  /**
   * @param x queries (B, heads, T, headSize), or keys
   * @param module which: the layer's attention and q_norm or k_norm
   */
  apply(g: Graph, get: Parameters, config: LlamaConfig, module: string, x: Value): Value;
}

const DEFAULTS: LlamaDefaults = {
  vocabularySize: 32000,
  hiddenSize: 4096,
  ffnSize: 11008,
  heads: 32,
  maxPositions: 2048,
  epsilon: 1e-6,
};

function parameters(config: LlamaConfig, norms?: HeadNorms): ParameterSpec[] {
  const { hiddenSize: d, ffnSize, headSize, vocabularySize, paddingId, bias } = config;
  const normal: Initializer = { kind: 'normal', std: config.initStd };
  const embedding: Initializer = paddingId === undefined ? normal : { ...normal, zeroRow: paddingId };
  const norm = (name: string): ParameterSpec => ({ name: `${name}.weight`, shape: [d], init: { kind: 'ones' } });
  const dense = (name: string, out: number, into: number, withBias: boolean): ParameterSpec[] =>
    linearSpecs(name, out, into, normal, { bias: withBias });
  const layer = (i: number): ParameterSpec[] => {
    const at = `model.layers.${i}.`;
    return [
      ...dense(`${at}self_attn.q_proj`, config.heads * headSize, d, bias.queryKeyValue),
      ...dense(`${at}self_attn.k_proj`, config.keyHeads * headSize, d, bias.queryKeyValue),
      ...dense(`${at}self_attn.v_proj`, config.keyHeads * headSize, d, bias.queryKeyValue),
      ...dense(`${at}self_attn.o_proj`, d, config.heads * headSize, bias.out),
      ...(norms?.parameters(config, `${at}self_attn`) ?? []),
      ...dense(`${at}mlp.gate_proj`, ffnSize, d, bias.feedForward),
      ...dense(`${at}mlp.up_proj`, ffnSize, d, bias.feedForward),
      ...dense(`${at}mlp.down_proj`, d, ffnSize, bias.feedForward),
      norm(`${at}input_layernorm`),
      norm(`${at}post_attention_layernorm`),
    ];
  };
  return [
    { name: 'model.embed_tokens.weight', shape: [vocabularySize, d], init: embedding },
    ...Array.from({ length: config.layers }, (_, i) => layer(i)).flat(),
    norm('model.norm'),
    ...(config.tied ? [] : [{ name: 'lm_head.weight', shape: [vocabularySize, d], init: normal }]),
  ];
}

function hidden(g: Graph, config: LlamaConfig, get: Parameters, inputs: DecoderInputs, norms?: HeadNorms): Value {
  const { heads, keyHeads, headSize, bias } = config;
  const norm = (name: string, x: Value): Value => rmsNorm(g, x, get(`${name}.weight`), config.epsilon);
  const dense = (name: string, x: Value, withBias: boolean): Value => linear(g, get, inputs, name, x, { bias: withBias });
  const dropout = (branch: Value): Value => inputs.dropout?.(branch) ?? branch;
  const rotate = rotation(g, config.rotary, inputs.positions, inputs.positionCount ?? config.maxPositions);

  let x = g.gather(get('model.embed_tokens.weight'), g.reshape(inputs.ids, [-1]), config.paddingId); // (N, d)
  for (let i = 0; i < config.layers; i++)
    g.segment(() => {
      const at = `model.layers.${i}.`;
      const y = norm(`${at}input_layernorm`, x);
      const projected = ['q_proj', 'k_proj', 'v_proj'].map((name) => dense(`${at}self_attn.${name}`, y, bias.queryKeyValue));
      const byHead = (which: string) => (heads: Value) =>
        rotate(norms?.apply(g, get, config, `${at}self_attn.${which}`, heads) ?? heads);
      const context = attention(g, projected, inputs, {
        layer: i, heads, keyHeads, headSize, queries: byHead('q_norm'), keys: byHead('k_norm'), window: config.windows?.[i],
      }); // prettier-ignore
      x = g.add(x, dropout(dense(`${at}self_attn.o_proj`, context, bias.out)));
      const z = norm(`${at}post_attention_layernorm`, x);
      const gate = activation(g, config.activation, dense(`${at}mlp.gate_proj`, z, bias.feedForward));
      const inner = g.mul(gate, dense(`${at}mlp.up_proj`, z, bias.feedForward));
      x = g.add(x, dropout(dense(`${at}mlp.down_proj`, inner, bias.feedForward)));
    });
  return norm('model.norm', x);
}

/** Files carry `model.…`, no prefix (the bare model), or frequencies as buffers. */
export function canonicalName(name: string): string | undefined {
  if (name === 'lm_head.weight') return name;
  if (name.endsWith('rotary_emb.inv_freq')) return undefined;
  return name.startsWith('model.') ? name : `model.${name}`;
}

/** An architecture of this decoder, all but its name and its config. */
export function llamaLike(norms?: HeadNorms): Omit<Architecture<LlamaConfig>, 'modelType' | 'parseConfig'> {
  return {
    loraTargets: ['q_proj', 'v_proj'],
    parameters: (config) => parameters(config, norms),
    canonicalName,
    hidden: (g, config, get, inputs) => hidden(g, config, get, inputs, norms),
    headWeight: (config) => (config.tied ? 'model.embed_tokens.weight' : 'lm_head.weight'),
  };
}

/** How llama.cpp writes models of this decoder. */
export const LLAMA_GGUF = {
  fields: {
    block_count: 'num_hidden_layers',
    context_length: 'max_position_embeddings',
    embedding_length: 'hidden_size',
    feed_forward_length: 'intermediate_size',
    'attention.head_count': 'num_attention_heads',
    'attention.head_count_kv': 'num_key_value_heads',
    'attention.key_length': 'head_dim',
    'attention.layer_norm_rms_epsilon': 'rms_norm_eps',
    'rope.freq_base': 'rope_theta',
  },
  names: { token_embd: 'model.embed_tokens', output_norm: 'model.norm', output: 'lm_head' },
  layer: 'model.layers.',
  layerNames: {
    attn_norm: 'input_layernorm',
    attn_q: 'self_attn.q_proj',
    attn_k: 'self_attn.k_proj',
    attn_v: 'self_attn.v_proj',
    attn_output: 'self_attn.o_proj',
    ffn_norm: 'post_attention_layernorm',
    ffn_gate: 'mlp.gate_proj',
    ffn_up: 'mlp.up_proj',
    ffn_down: 'mlp.down_proj',
  },
  rearrange: {},
} satisfies Partial<GgufLayout>;

/** The converter stores Llama's queries and keys with the two halves of every rotated pair side by side: rows 2i, 2i + 1 of a head. */
function splitHalves(rows: number, heads: number): Int32Array {
  const half = rows / heads / 2;
  return Int32Array.from({ length: rows }, (_, row) => {
    const head = Math.floor(row / (2 * half));
    const within = row % (2 * half);
    return (head * half + (within % half)) * 2 + Math.floor(within / half);
  });
}

export const llama: Architecture<LlamaConfig> = {
  ...llamaLike(),
  modelType: 'llama',
  gguf: {
    ...LLAMA_GGUF,
    name: 'llama',
    className: 'LlamaForCausalLM',
    rearrange: {
      attn_q: { order: (rows, json) => splitHalves(rows, Number(json.num_attention_heads)) },
      attn_k: { order: (rows, json) => splitHalves(rows, Number(json.num_key_value_heads ?? json.num_attention_heads)) },
    },
    biases: { attention_bias: 'self_attn.o_proj', mlp_bias: 'mlp.up_proj' },
    ropeDivisors: true,
  },
  parseConfig: (read) => {
    const attentionBias = read.boolean('attention_bias', false);
    const bias = { queryKeyValue: attentionBias, out: attentionBias, feedForward: read.boolean('mlp_bias', false) };
    return parseDecoder(read, 'llama', DEFAULTS, bias);
  },
};
