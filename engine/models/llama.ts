/**
 * Llama 2 and 3 (Touvron et al. 2023, arXiv:2307.09288; SmolLM2 too) as in transformers' modeling_llama: RMSNorm, rotary
 * positions, grouped queries, SwiGLU. Mistral and Qwen2 are the same decoder with other configs.
 */
import { HabsburgError } from '../../common/errors.js';
import type { Graph } from '../graph/graph.js';
import type { Value } from '../graph/types.js';
import { activation, activationNames, attention, linear, linearSpecs, rmsNorm, type Activation } from './blocks.js';
import { ConfigReader } from './config.js';
import { parseRotary, rotation, type Rotary } from './rotary.js';
import type { Architecture, ConfigJson, DecoderConfig, DecoderInputs, Initializer, Parameters, ParameterSpec } from './types.js';

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
    read.json.num_key_value_heads === null ? heads : (defaults.keyHeads ?? heads),
  );
  if (heads % keyHeads !== 0)
    throw new HabsburgError(
      'invalid',
      `${read.file}: num_attention_heads ${heads} is not divisible by num_key_value_heads ${keyHeads}`,
    );
  if ((read.json.head_dim ?? defaults.headSize) === undefined && hiddenSize % heads !== 0)
    throw new HabsburgError(
      'invalid',
      `${read.file}: hidden_size ${hiddenSize} is not divisible by num_attention_heads ${heads}`,
    );
  const headSize = read.size('head_dim', defaults.headSize ?? hiddenSize / heads);
  const maxPositions = read.size('max_position_embeddings', defaults.maxPositions);
  const vocabularySize = read.size('vocab_size', defaults.vocabularySize);
  return {
    modelType,
    vocabularySize,
    hiddenSize,
    layers: read.size('num_hidden_layers', defaults.layers ?? 32),
    heads,
    maxPositions,
    paddingId: read.paddingId(undefined, vocabularySize),
    ffnSize: read.size('intermediate_size', defaults.ffnSize),
    keyHeads,
    headSize,
    rotary: parseRotary(read, headSize, maxPositions),
    epsilon: read.number('rms_norm_eps', defaults.epsilon),
    activation: read.only<Activation>('hidden_act', 'silu', activationNames),
    bias,
    initStd: read.number('initializer_range', 0.02),
    tied: read.boolean('tie_word_embeddings', defaults.tied ?? false),
    json: read.json,
  };
}

/**
 * Attention that looks back `window` tokens is plain causal attention for as long as all tokens are within the window: longer
 * contexts are refused.
 */
export function withinWindow<C extends DecoderConfig>(config: C, window: number): C {
  if (window >= config.maxPositions) return config;
  return { ...config, maxPositions: window, positionLimit: 'its sliding_window, beyond which attention is not supported' };
}

/** Whether config.json's layer_types, where it is there, has a layer that looks back a window only. */
export function hasSlidingLayer(read: ConfigReader, otherwise: boolean): boolean {
  const types = read.json.layer_types;
  if (types === undefined || types === null) return otherwise;
  return !Array.isArray(types) || types.some((type) => type !== 'full_attention');
}

function parameters(config: LlamaConfig): ParameterSpec[] {
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

function hidden(g: Graph, config: LlamaConfig, get: Parameters, inputs: DecoderInputs): Value {
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
      const context = attention(g, projected, inputs, { layer: i, heads, keyHeads, headSize, rotate });
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

/** An architecture of this decoder. */
export function llamaLike(
  modelType: string,
  parseConfig: (json: ConfigJson, file: string) => LlamaConfig,
): Architecture<LlamaConfig> {
  return {
    modelType,
    parseConfig,
    parameters,
    canonicalName,
    hidden,
    headWeight: (config) => (config.tied ? 'model.embed_tokens.weight' : 'lm_head.weight'),
  };
}

const DEFAULTS: LlamaDefaults = {
  vocabularySize: 32000,
  hiddenSize: 4096,
  ffnSize: 11008,
  heads: 32,
  maxPositions: 2048,
  epsilon: 1e-6,
};

export const llama = llamaLike('llama', (json, file) => {
  const read = new ConfigReader(json, file);
  const attentionBias = read.boolean('attention_bias', false);
  return parseDecoder(read, 'llama', DEFAULTS, {
    queryKeyValue: attentionBias,
    out: attentionBias,
    feedForward: read.boolean('mlp_bias', false),
  });
});
