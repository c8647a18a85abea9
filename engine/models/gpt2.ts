/**
 * GPT-2 (Radford et al. 2019) as in transformers' modeling_gpt2: pre-LN, learned positions, one fused projection for queries,
 * keys and values, weights stored (in, out), output layer tied to the embedding.
 */
import type { Graph } from '../graph/graph.js';
import type { Value } from '../graph/types.js';
import {
  activation,
  activationNames,
  attention,
  layerNorm,
  layerNormSpecs,
  linear,
  linearSpecs,
  type Activation,
} from './blocks.js';
import type { ConfigReader } from './config.js';
import type { Architecture, DecoderConfig, DecoderInputs, Initializer, Parameters, ParameterSpec } from './types.js';

export interface Gpt2Config extends DecoderConfig {
  readonly ffnSize: number;
  readonly epsilon: number;
  readonly activation: Activation;
  readonly initStd: number;
  readonly tied: boolean;
}

const ROOT = 'transformer.';
const CONV1D = { bias: true, inOut: true } as const;

/** GPT-2's own names by those of other models, which its config.json may use too. */
const OTHER_NAMES = {
  hidden_size: 'n_embd',
  num_hidden_layers: 'n_layer',
  num_attention_heads: 'n_head',
  max_position_embeddings: 'n_positions',
} as const;

function parseConfig(file: ConfigReader): Gpt2Config {
  const read = file.withNames(OTHER_NAMES);
  const hiddenSize = read.size('n_embd', 768);
  const heads = read.size('n_head', 12);
  const vocabularySize = read.size('vocab_size', 50257);
  if (hiddenSize % heads !== 0) read.refuse('n_embd', `${hiddenSize} is not divisible by n_head ${heads}`);
  read.only('scale_attn_weights', true, [true]);
  read.only('scale_attn_by_inverse_layer_idx', false, [false]);
  read.only('add_cross_attention', false, [false]);
  return {
    modelType: 'gpt2',
    vocabularySize,
    hiddenSize,
    layers: read.size('n_layer', 12),
    heads,
    maxPositions: read.size('n_positions', 1024),
    // What a padded place holds; the embedding's row of that id learns like any other, so one beyond the vocabulary will do as 0.
    paddingId: Number(read.get('pad_token_id')) >= vocabularySize ? 0 : read.paddingId(0, vocabularySize),
    ffnSize: read.size('n_inner', 4 * hiddenSize),
    epsilon: read.number('layer_norm_epsilon', 1e-5),
    activation: read.only<Activation>('activation_function', 'gelu_new', activationNames),
    initStd: read.number('initializer_range', 0.02),
    tied: read.boolean('tie_word_embeddings', true),
    json: file.json,
  };
}

function parameters(config: Gpt2Config): ParameterSpec[] {
  const { hiddenSize: d, ffnSize, vocabularySize, layers, initStd } = config;
  const normal: Initializer = { kind: 'normal', std: initStd };
  // What adds to the residual stream starts smaller, by the number of its additions.
  const residual: Initializer = { kind: 'normal', std: initStd / Math.sqrt(2 * layers) };
  const norm = (name: string): ParameterSpec[] => layerNormSpecs(name, d);
  const layer = (i: number): ParameterSpec[] => {
    const at = `${ROOT}h.${i}.`;
    return [
      ...norm(`${at}ln_1`),
      ...linearSpecs(`${at}attn.c_attn`, 3 * d, d, normal, CONV1D),
      ...linearSpecs(`${at}attn.c_proj`, d, d, residual, CONV1D),
      ...norm(`${at}ln_2`),
      ...linearSpecs(`${at}mlp.c_fc`, ffnSize, d, normal, CONV1D),
      ...linearSpecs(`${at}mlp.c_proj`, d, ffnSize, residual, CONV1D),
    ];
  };
  return [
    { name: `${ROOT}wte.weight`, shape: [vocabularySize, d], init: normal },
    { name: `${ROOT}wpe.weight`, shape: [config.maxPositions, d], init: normal },
    ...Array.from({ length: layers }, (_, i) => layer(i)).flat(),
    ...norm(`${ROOT}ln_f`),
    ...(config.tied ? [] : [{ name: 'lm_head.weight', shape: [vocabularySize, d], init: normal }]),
  ];
}

function hidden(g: Graph, config: Gpt2Config, get: Parameters, inputs: DecoderInputs): Value {
  const d = config.hiddenSize;
  const norm = (name: string, x: Value): Value => layerNorm(g, x, get(`${name}.weight`), get(`${name}.bias`), config.epsilon);
  const dense = (name: string, x: Value): Value => linear(g, get, inputs, name, x, CONV1D);
  const flat = (ids: Value): Value => g.reshape(ids, [-1]); // (N)
  const dropout = (branch: Value): Value => inputs.dropout?.(branch) ?? branch;

  let x = g.add(g.gather(get(`${ROOT}wte.weight`), flat(inputs.ids)), g.gather(get(`${ROOT}wpe.weight`), flat(inputs.positions)));
  for (let i = 0; i < config.layers; i++)
    g.segment(() => {
      const at = `${ROOT}h.${i}.`;
      const projected = g.split(dense(`${at}attn.c_attn`, norm(`${at}ln_1`, x)), 1, [d, d, d]);
      const context = attention(g, projected, inputs, { layer: i, heads: config.heads, headSize: d / config.heads });
      x = g.add(x, dropout(dense(`${at}attn.c_proj`, context)));
      const inner = activation(g, config.activation, dense(`${at}mlp.c_fc`, norm(`${at}ln_2`, x)));
      x = g.add(x, dropout(dense(`${at}mlp.c_proj`, inner)));
    });
  return norm(`${ROOT}ln_f`, x);
}

/** Files carry `transformer.…`, no prefix (the bare GPT2Model, as on the Hub), or causal masks as buffers. */
function canonicalName(name: string): string | undefined {
  if (name === 'lm_head.weight') return name;
  if (/\.attn\.(masked_)?bias$/.test(name)) return undefined;
  return name.startsWith(ROOT) ? name : `${ROOT}${name}`;
}

export const gpt2: Architecture<Gpt2Config> = {
  modelType: 'gpt2',
  sizeFields: { hidden: 'n_embd', layers: 'n_layer', heads: 'n_head', positions: 'n_positions' },
  loraTargets: ['c_attn'],
  gguf: {
    name: 'gpt2',
    className: 'GPT2LMHeadModel',
    fields: {
      block_count: 'n_layer',
      context_length: 'n_positions',
      embedding_length: 'n_embd',
      feed_forward_length: 'n_inner',
      'attention.head_count': 'n_head',
      'attention.layer_norm_epsilon': 'layer_norm_epsilon',
    },
    names: {
      token_embd: `${ROOT}wte`,
      position_embd: `${ROOT}wpe`,
      output_norm: `${ROOT}ln_f`,
      output: 'lm_head',
    },
    layer: `${ROOT}h.`,
    layerNames: {
      attn_norm: 'ln_1',
      attn_qkv: 'attn.c_attn',
      attn_output: 'attn.c_proj',
      ffn_norm: 'ln_2',
      ffn_up: 'mlp.c_fc',
      ffn_down: 'mlp.c_proj',
    },
    rearrange: { attn_qkv: 'in-out', attn_output: 'in-out', ffn_up: 'in-out', ffn_down: 'in-out' },
  },
  parseConfig,
  parameters,
  canonicalName,
  hidden,
  headWeight: (config) => (config.tied ? `${ROOT}wte.weight` : 'lm_head.weight'),
};
