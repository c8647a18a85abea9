/**
 * Gemma 2 (Gemma Team 2024, arXiv:2408.00118) as in transformers' modeling_gemma2: norms before and after each branch that scale by
 * 1 + w, scores and logits soft-capped to (-cap, cap), embeddings scaled by sqrt(d), GeGLU. Every other layer looks back a sliding
 * window only.
 */
import type { Graph } from '../graph/graph.js';
import type { Value } from '../graph/types.js';
import { activation, activationNames, attention, linear, linearSpecs, rmsNorm, type Activation } from './blocks.js';
import type { ConfigReader } from './config.js';
import { canonicalName, parseDecoder, slidingLayers, slidingWindow, type LlamaConfig } from './llama.js';
import { rotation } from './rotary.js';
import type { Architecture, DecoderInputs, Initializer, Parameters, ParameterSpec } from './types.js';

interface Gemma2Config extends LlamaConfig {
  /** attention scores are divided by its square root */
  readonly queryScalar: number;
  readonly scoreSoftcap?: number;
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

function parseConfig(read: ConfigReader): Gemma2Config {
  read.only('use_bidirectional_attention', false, [false]);
  const cap = (name: string, fallback: number): number | undefined =>
    read.get(name) === null ? undefined : read.number(name, fallback);
  const bias = read.boolean('attention_bias', false);
  const config = parseDecoder(read, 'gemma2', DEFAULTS, { queryKeyValue: bias, out: bias, feedForward: false });
  const window = slidingWindow(read, 4096);
  return {
    ...config,
    windows: slidingLayers(read, config.layers, (layer) => layer % 2 === 0).map((slides) => (slides ? window : undefined)),
    activation: read.only<Activation>('hidden_activation', 'gelu_pytorch_tanh', activationNames),
    queryScalar: read.number('query_pre_attn_scalar', 256),
    scoreSoftcap: cap('attn_logit_softcapping', 50),
    logitSoftcap: cap('final_logit_softcapping', 30),
  };
}

const NORMS = ['input_layernorm', 'post_attention_layernorm', 'pre_feedforward_layernorm', 'post_feedforward_layernorm'];

function parameters(config: Gemma2Config): ParameterSpec[] {
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

function hidden(g: Graph, config: Gemma2Config, get: Parameters, inputs: DecoderInputs): Value {
  const { heads, keyHeads, headSize, bias, queryScalar, scoreSoftcap: softcap } = config;
  const norm = (name: string, x: Value): Value => rmsNorm(g, x, g.add(get(`${name}.weight`), g.scalar(1)), config.epsilon);
  const dense = (name: string, x: Value, withBias: boolean): Value => linear(g, get, inputs, name, x, { bias: withBias });
  const dropout = inputs.dropout ?? ((x: Value): Value => x);
  const rotate = rotation(g, config.rotary, inputs.positions, inputs.positionCount ?? config.maxPositions);
  const options = { heads, keyHeads, headSize, queries: rotate, keys: rotate, alpha: queryScalar ** -0.5, softcap };

  const embedded = g.gather(get('model.embed_tokens.weight'), g.reshape(inputs.ids, [-1]), config.paddingId);
  let x = g.scale(embedded, Math.sqrt(config.hiddenSize)); // (N, d)
  for (let i = 0; i < config.layers; i++)
    g.segment(() => {
      const at = `model.layers.${i}.`;
      const y = norm(`${at}input_layernorm`, x);
      const projected = ['q_proj', 'k_proj', 'v_proj'].map((name) => dense(`${at}self_attn.${name}`, y, bias.queryKeyValue));
      const context = attention(g, projected, inputs, { layer: i, window: config.windows?.[i], ...options });
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

export const gemma2: Architecture<Gemma2Config> = {
  modelType: 'gemma2',
  loraTargets: ['q_proj', 'v_proj'],
  parseConfig,
  parameters,
  canonicalName,
  hidden,
  headWeight: (config) => (config.tied ? 'model.embed_tokens.weight' : 'lm_head.weight'),
};
