/**
 * OPT (Zhang et al. 2022, arXiv:2205.01068) as in transformers' modeling_opt: pre-LN (125m, 1.3b …) and post-LN with input and
 * output projections (350m), learned positions with an offset of 2, output layer tied to the embedding.
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

export interface OptConfig extends DecoderConfig {
  readonly ffnSize: number;
  /** width of the embedding; differs from hiddenSize where there are projections */
  readonly embeddingSize: number;
  readonly preNorm: boolean;
  /** the norm after the last layer: pre-LN models only, and not in checkpoints of before transformers 4.20.1 */
  readonly finalNorm: boolean;
  readonly bias: boolean;
  readonly activation: Activation;
  readonly initStd: number;
  readonly tied: boolean;
}

/** Row of embed_positions that holds position 0; rows 0 and 1 belong to padding. */
const POSITION_OFFSET = 2;
const ROOT = 'model.decoder.';

function parseConfig(read: ConfigReader): OptConfig {
  const hiddenSize = read.size('hidden_size', 768);
  const heads = read.size('num_attention_heads', 12);
  const preNorm = read.boolean('do_layer_norm_before', true);
  if (hiddenSize % heads !== 0) read.refuse('hidden_size', `${hiddenSize} is not divisible by num_attention_heads ${heads}`);
  read.only('layer_norm_elementwise_affine', true, [true]);
  const vocabularySize = read.size('vocab_size', 50272);
  return {
    modelType: 'opt',
    vocabularySize,
    hiddenSize,
    layers: read.size('num_hidden_layers', 12),
    heads,
    maxPositions: read.size('max_position_embeddings', 2048),
    paddingId: read.paddingId(1, vocabularySize),
    ffnSize: read.size('ffn_dim', 3072),
    embeddingSize: read.size('word_embed_proj_dim', hiddenSize),
    preNorm,
    finalNorm: !read.boolean('_remove_final_layer_norm', false) && preNorm,
    bias: read.boolean('enable_bias', true),
    activation: read.only<Activation>('activation_function', 'relu', activationNames),
    initStd: read.number('init_std', 0.02),
    tied: read.boolean('tie_word_embeddings', true),
    json: read.json,
  };
}

function parameters(config: OptConfig): ParameterSpec[] {
  const { hiddenSize: d, ffnSize, embeddingSize, vocabularySize, paddingId } = config;
  const normal: Initializer = { kind: 'normal', std: config.initStd };
  const embedding: Initializer = paddingId === undefined ? normal : { ...normal, zeroRow: paddingId };
  const dense = (name: string, out: number, into: number, bias: boolean): ParameterSpec[] =>
    linearSpecs(name, out, into, normal, { bias });
  const norm = (name: string): ParameterSpec[] => layerNormSpecs(name, d);
  const layer = (i: number): ParameterSpec[] => {
    const at = `${ROOT}layers.${i}.`;
    return [
      ...['q_proj', 'k_proj', 'v_proj', 'out_proj'].flatMap((p) => dense(`${at}self_attn.${p}`, d, d, config.bias)),
      ...norm(`${at}self_attn_layer_norm`),
      ...dense(`${at}fc1`, ffnSize, d, config.bias),
      ...dense(`${at}fc2`, d, ffnSize, config.bias),
      ...norm(`${at}final_layer_norm`),
    ];
  };
  const projected = embeddingSize !== d;
  return [
    { name: `${ROOT}embed_tokens.weight`, shape: [vocabularySize, embeddingSize], init: embedding },
    { name: `${ROOT}embed_positions.weight`, shape: [config.maxPositions + POSITION_OFFSET, d], init: normal },
    ...(projected ? dense(`${ROOT}project_in`, d, embeddingSize, false) : []),
    ...(projected ? dense(`${ROOT}project_out`, embeddingSize, d, false) : []),
    ...(config.finalNorm ? norm(`${ROOT}final_layer_norm`) : []),
    ...Array.from({ length: config.layers }, (_, i) => layer(i)).flat(),
    ...(config.tied ? [] : [{ name: 'lm_head.weight', shape: [vocabularySize, embeddingSize], init: normal }]),
  ];
}

function hidden(g: Graph, config: OptConfig, get: Parameters, inputs: DecoderInputs): Value {
  const d = config.hiddenSize;
  const norm = (name: string, x: Value): Value => layerNorm(g, x, get(`${name}.weight`), get(`${name}.bias`));
  const dense = (name: string, x: Value, bias = config.bias): Value => linear(g, get, inputs, name, x, { bias });
  const flat = (ids: Value): Value => g.reshape(ids, [-1]); // (N)

  let x = g.gather(get(`${ROOT}embed_tokens.weight`), flat(inputs.ids), config.paddingId); // (N, embeddingSize)
  if (config.embeddingSize !== d) x = dense(`${ROOT}project_in`, x, false); // (N, d)
  const rows = g.add(flat(inputs.positions), g.constant('int32', [], Int32Array.of(POSITION_OFFSET)));
  x = g.add(x, g.gather(get(`${ROOT}embed_positions.weight`), rows));

  for (let i = 0; i < config.layers; i++)
    g.segment(() => {
      const at = `${ROOT}layers.${i}.`;
      const dropout = (branch: Value): Value => inputs.dropout?.(branch) ?? branch;
      const attend = (y: Value): Value => {
        const projected = ['q_proj', 'k_proj', 'v_proj'].map((name) => dense(`${at}self_attn.${name}`, y));
        const context = attention(g, projected, inputs, { layer: i, heads: config.heads, headSize: d / config.heads });
        return dense(`${at}self_attn.out_proj`, context);
      };
      const feedForward = (y: Value): Value => dense(`${at}fc2`, activation(g, config.activation, dense(`${at}fc1`, y)));
      if (config.preNorm) {
        x = g.add(x, dropout(attend(norm(`${at}self_attn_layer_norm`, x))));
        x = g.add(x, dropout(feedForward(norm(`${at}final_layer_norm`, x))));
      } else {
        x = norm(`${at}self_attn_layer_norm`, g.add(x, dropout(attend(x))));
        x = norm(`${at}final_layer_norm`, g.add(x, dropout(feedForward(x))));
      }
    });
  if (config.finalNorm) x = norm(`${ROOT}final_layer_norm`, x);
  return config.embeddingSize === d ? x : dense(`${ROOT}project_out`, x, false); // (N, embeddingSize)
}

/** Files carry `model.decoder.…`, or `decoder.…` (the bare OPTModel, as on the Hub). */
function canonicalName(name: string): string {
  return name.startsWith('decoder.') ? `model.${name}` : name;
}

export const opt: Architecture<OptConfig> = {
  modelType: 'opt',
  loraTargets: ['q_proj', 'v_proj'],
  parseConfig,
  parameters,
  canonicalName,
  hidden,
  headWeight: (config) => (config.tied ? `${ROOT}embed_tokens.weight` : 'lm_head.weight'),
};
