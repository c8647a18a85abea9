/**
 * GPT-Neo (Black et al. 2021, doi:10.5281/zenodo.5297715; TinyStories' models too) as in transformers' modeling_gpt_neo: GPT-2's layers
 * with scores that are not scaled, layers that look back a window only by turns, queries, keys and values without biases, and weights
 * stored (out, in).
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

export interface GptNeoConfig extends DecoderConfig {
  readonly ffnSize: number;
  readonly epsilon: number;
  readonly activation: Activation;
  readonly initStd: number;
  readonly tied: boolean;
}

const ROOT = 'transformer.';
const PROJECTIONS = ['q_proj', 'k_proj', 'v_proj'];

/** GPT-Neo's own names by those of other models, which its config.json may use too. */
const OTHER_NAMES = { num_hidden_layers: 'num_layers', num_attention_heads: 'num_heads' } as const;

/** By layer, whether it looks back a window only: attention_types is a list of [kinds by turns, how often]. */
function localLayers(read: ConfigReader, layers: number): boolean[] {
  const given = read.get('attention_types') ?? [[['global', 'local'], 12]];
  const valid =
    Array.isArray(given) &&
    given.every(
      (part): part is [string[], number] =>
        Array.isArray(part) && Array.isArray(part[0]) && Number.isSafeInteger(part[1]) && part[1] >= 0 && part[1] <= layers,
    );
  if (!valid) return read.refuse('attention_types', `must be a list such as [[["global", "local"], ${Math.ceil(layers / 2)}]]`);
  const kinds = given.flatMap(([turns, times]) => Array.from({ length: times }, () => turns).flat());
  if (kinds.length !== layers)
    read.refuse('attention_types', `says what ${kinds.length} layers look at, and there are ${layers}; give [[["global", "local"], ${layers / 2}]] or the like`); // prettier-ignore
  return kinds.map((kind) => {
    if (kind !== 'global' && kind !== 'local')
      read.refuse('attention_types', `is supported with global and local only, not ${JSON.stringify(kind)}`);
    return kind === 'local';
  });
}

function parseConfig(file: ConfigReader): GptNeoConfig {
  const read = file.withNames(OTHER_NAMES);
  const hiddenSize = read.size('hidden_size', 2048);
  const heads = read.size('num_heads', 16);
  const layers = read.size('num_layers', 24);
  const vocabularySize = read.size('vocab_size', 50257);
  if (hiddenSize % heads !== 0) read.refuse('hidden_size', `${hiddenSize} is not divisible by num_heads ${heads}`);
  const window = read.size('window_size', 256);
  return {
    modelType: 'gpt_neo',
    vocabularySize,
    hiddenSize,
    layers,
    heads,
    maxPositions: read.size('max_position_embeddings', 2048),
    paddingId: read.paddingId(undefined, vocabularySize),
    windows: localLayers(read, layers).map((local) => (local ? window : undefined)),
    ffnSize: read.size('intermediate_size', 4 * hiddenSize),
    epsilon: read.number('layer_norm_epsilon', 1e-5),
    activation: read.only<Activation>('activation_function', 'gelu_new', activationNames),
    initStd: read.number('initializer_range', 0.02),
    tied: read.boolean('tie_word_embeddings', true),
    json: file.json,
  };
}

function parameters(config: GptNeoConfig): ParameterSpec[] {
  const { hiddenSize: d, ffnSize, vocabularySize, layers, initStd } = config;
  const normal: Initializer = { kind: 'normal', std: initStd };
  const norm = (name: string): ParameterSpec[] => layerNormSpecs(name, d);
  const layer = (i: number): ParameterSpec[] => {
    const at = `${ROOT}h.${i}.`;
    return [
      ...norm(`${at}ln_1`),
      ...PROJECTIONS.flatMap((name) => linearSpecs(`${at}attn.attention.${name}`, d, d, normal, { bias: false })),
      ...linearSpecs(`${at}attn.attention.out_proj`, d, d, normal, { bias: true }),
      ...norm(`${at}ln_2`),
      ...linearSpecs(`${at}mlp.c_fc`, ffnSize, d, normal, { bias: true }),
      ...linearSpecs(`${at}mlp.c_proj`, d, ffnSize, normal, { bias: true }),
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

function hidden(g: Graph, config: GptNeoConfig, get: Parameters, inputs: DecoderInputs): Value {
  const { hiddenSize: d, heads } = config;
  const norm = (name: string, x: Value): Value => layerNorm(g, x, get(`${name}.weight`), get(`${name}.bias`), config.epsilon);
  const dense = (name: string, x: Value, bias: boolean): Value => linear(g, get, inputs, name, x, { bias });
  const flat = (ids: Value): Value => g.reshape(ids, [-1]); // (N)
  const dropout = (branch: Value): Value => inputs.dropout?.(branch) ?? branch;

  let x = g.add(g.gather(get(`${ROOT}wte.weight`), flat(inputs.ids)), g.gather(get(`${ROOT}wpe.weight`), flat(inputs.positions)));
  for (let i = 0; i < config.layers; i++)
    g.segment(() => {
      const at = `${ROOT}h.${i}.`;
      const y = norm(`${at}ln_1`, x);
      const projected = PROJECTIONS.map((name) => dense(`${at}attn.attention.${name}`, y, false));
      const context = attention(g, projected, inputs, { layer: i, heads, headSize: d / heads, alpha: 1, window: config.windows?.[i] }); // prettier-ignore
      x = g.add(x, dropout(dense(`${at}attn.attention.out_proj`, context, true)));
      const inner = activation(g, config.activation, dense(`${at}mlp.c_fc`, norm(`${at}ln_2`, x), true));
      x = g.add(x, dropout(dense(`${at}mlp.c_proj`, inner, true)));
    });
  return norm(`${ROOT}ln_f`, x);
}

/** Files carry `transformer.…`, no prefix (the bare GPTNeoModel), or causal masks as buffers. */
function canonicalName(name: string): string | undefined {
  if (name === 'lm_head.weight') return name;
  if (/\.attn\.attention\.(masked_)?bias$/.test(name)) return undefined;
  return name.startsWith(ROOT) ? name : `${ROOT}${name}`;
}

export const gptNeo: Architecture<GptNeoConfig> = {
  modelType: 'gpt_neo',
  sizeFields: { hidden: 'hidden_size', layers: 'num_layers', heads: 'num_heads', positions: 'max_position_embeddings' },
  loraTargets: ['q_proj', 'v_proj'],
  parseConfig,
  parameters,
  canonicalName,
  hidden,
  headWeight: (config) => (config.tied ? `${ROOT}wte.weight` : 'lm_head.weight'),
};
