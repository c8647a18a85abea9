/**
 * GPT-NeoX (Black et al. 2022, arXiv:2204.06745; Pythia too) as in transformers' modeling_gpt_neox: attention and feed-forward add to
 * the same residual, one fused projection whose rows lie head by head (queries, keys and values of the first head, then of the
 * second), rotary positions on the first numbers of each head only.
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
import { parseRotary, rotation, type Rotary } from './rotary.js';
import type { Architecture, DecoderConfig, DecoderInputs, Initializer, Parameters, ParameterSpec } from './types.js';

export interface GptNeoxConfig extends DecoderConfig {
  readonly ffnSize: number;
  readonly rotary: Rotary;
  readonly epsilon: number;
  readonly activation: Activation;
  /** whether the feed-forward reads what the attention reads, and not what comes out of it */
  readonly parallel: boolean;
  /** of queries, keys, values and what follows the attention */
  readonly attentionBias: boolean;
  readonly initStd: number;
  readonly tied: boolean;
}

const ROOT = 'gpt_neox.';
const OUTPUT = 'embed_out.weight';

function parseConfig(read: ConfigReader): GptNeoxConfig {
  const hiddenSize = read.size('hidden_size', 6144);
  const heads = read.size('num_attention_heads', 64);
  const vocabularySize = read.size('vocab_size', 50432);
  if (hiddenSize % heads !== 0) read.refuse('hidden_size', `${hiddenSize} is not divisible by num_attention_heads ${heads}`);
  const maxPositions = read.size('max_position_embeddings', 2048);
  const rotary = { theta: read.number('rotary_emb_base', 10000), share: read.number('rotary_pct', 0.25) };
  return {
    modelType: 'gpt_neox',
    vocabularySize,
    hiddenSize,
    layers: read.size('num_hidden_layers', 44),
    heads,
    maxPositions,
    paddingId: read.paddingId(undefined, vocabularySize),
    ffnSize: read.size('intermediate_size', 24576),
    rotary: parseRotary(read, hiddenSize / heads, maxPositions, rotary),
    epsilon: read.number('layer_norm_eps', 1e-5),
    activation: read.only<Activation>('hidden_act', 'gelu', activationNames),
    parallel: read.boolean('use_parallel_residual', true),
    attentionBias: read.boolean('attention_bias', true),
    initStd: read.number('initializer_range', 0.02),
    tied: read.boolean('tie_word_embeddings', false),
    json: read.json,
  };
}

function parameters(config: GptNeoxConfig): ParameterSpec[] {
  const { hiddenSize: d, ffnSize, vocabularySize, layers, attentionBias, initStd } = config;
  const normal: Initializer = { kind: 'normal', std: initStd };
  const norm = (name: string): ParameterSpec[] => layerNormSpecs(name, d);
  const layer = (i: number): ParameterSpec[] => {
    const at = `${ROOT}layers.${i}.`;
    return [
      ...norm(`${at}input_layernorm`),
      ...norm(`${at}post_attention_layernorm`),
      ...linearSpecs(`${at}attention.query_key_value`, 3 * d, d, normal, { bias: attentionBias }),
      ...linearSpecs(`${at}attention.dense`, d, d, normal, { bias: attentionBias }),
      ...linearSpecs(`${at}mlp.dense_h_to_4h`, ffnSize, d, normal, { bias: true }),
      ...linearSpecs(`${at}mlp.dense_4h_to_h`, d, ffnSize, normal, { bias: true }),
    ];
  };
  return [
    { name: `${ROOT}embed_in.weight`, shape: [vocabularySize, d], init: normal },
    ...Array.from({ length: layers }, (_, i) => layer(i)).flat(),
    ...norm(`${ROOT}final_layer_norm`),
    ...(config.tied ? [] : [{ name: OUTPUT, shape: [vocabularySize, d], init: normal }]),
  ];
}

function hidden(g: Graph, config: GptNeoxConfig, get: Parameters, inputs: DecoderInputs): Value {
  const { hiddenSize: d, heads, parallel } = config;
  const headSize = d / heads;
  const norm = (name: string, x: Value): Value => layerNorm(g, x, get(`${name}.weight`), get(`${name}.bias`), config.epsilon);
  const dense = (name: string, x: Value, bias = true): Value => linear(g, get, inputs, name, x, { bias });
  const dropout = (branch: Value): Value => inputs.dropout?.(branch) ?? branch;
  const rotate = rotation(g, config.rotary, inputs.positions, inputs.positionCount ?? config.maxPositions);

  let x = g.gather(get(`${ROOT}embed_in.weight`), g.reshape(inputs.ids, [-1])); // (N, d)
  for (let i = 0; i < config.layers; i++)
    g.segment(() => {
      const at = `${ROOT}layers.${i}.`;
      const fused = dense(`${at}attention.query_key_value`, norm(`${at}input_layernorm`, x), config.attentionBias); // (N, 3d)
      const projected = g
        .split(g.reshape(fused, [-1, heads, 3 * headSize]), 2, [headSize, headSize, headSize])
        .map((part) => g.reshape(part, [-1, d]));
      const context = attention(g, projected, inputs, { layer: i, heads, headSize, queries: rotate, keys: rotate });
      const attended = dropout(dense(`${at}attention.dense`, context, config.attentionBias));
      const after = g.add(x, attended);
      const z = norm(`${at}post_attention_layernorm`, parallel ? x : after);
      const inner = activation(g, config.activation, dense(`${at}mlp.dense_h_to_4h`, z));
      x = g.add(after, dropout(dense(`${at}mlp.dense_4h_to_h`, inner)));
    });
  return norm(`${ROOT}final_layer_norm`, x);
}

/** Files carry `gpt_neox.…`, no prefix (the bare model), or causal masks and frequencies as buffers. */
function canonicalName(name: string): string | undefined {
  if (name === OUTPUT) return name;
  if (/\.attention\.(masked_)?bias$|rotary_emb\.inv_freq$/.test(name)) return undefined;
  return name.startsWith(ROOT) ? name : `${ROOT}${name}`;
}

/** llama.cpp's converter puts all queries first, then all keys, then all values: for each row of ours, the file's. */
function headByHead(rows: number, heads: number): Int32Array {
  const headSize = rows / 3 / heads;
  return Int32Array.from({ length: rows }, (_, row) => {
    const [head, part] = [Math.floor(row / (3 * headSize)), Math.floor(row / headSize) % 3];
    return (part * heads + head) * headSize + (row % headSize);
  });
}

export const gptNeox: Architecture<GptNeoxConfig> = {
  modelType: 'gpt_neox',
  loraTargets: ['query_key_value'],
  gguf: {
    name: 'gptneox',
    className: 'GPTNeoXForCausalLM',
    fields: {
      block_count: 'num_hidden_layers',
      context_length: 'max_position_embeddings',
      embedding_length: 'hidden_size',
      feed_forward_length: 'intermediate_size',
      'attention.head_count': 'num_attention_heads',
      'attention.layer_norm_epsilon': 'layer_norm_eps',
      use_parallel_residual: 'use_parallel_residual',
      'rope.freq_base': 'rotary_emb_base',
      'rope.dimension_count': (turned, key) => ({
        rotary_pct: (Number(turned) * Number(key('attention.head_count'))) / Number(key('embedding_length')),
      }),
    },
    names: { token_embd: `${ROOT}embed_in`, output_norm: `${ROOT}final_layer_norm`, output: 'embed_out' },
    layer: `${ROOT}layers.`,
    layerNames: {
      attn_norm: 'input_layernorm',
      attn_qkv: 'attention.query_key_value',
      attn_output: 'attention.dense',
      ffn_norm: 'post_attention_layernorm',
      ffn_up: 'mlp.dense_h_to_4h',
      ffn_down: 'mlp.dense_4h_to_h',
    },
    rearrange: { attn_qkv: { order: (rows, json) => headByHead(rows, Number(json.num_attention_heads)) } },
    biases: { attention_bias: 'attention.dense' },
  },
  parseConfig,
  parameters,
  canonicalName,
  hidden,
  head: OUTPUT,
  headWeight: (config) => (config.tied ? `${ROOT}embed_in.weight` : OUTPUT),
};
