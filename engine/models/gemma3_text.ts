/**
 * Gemma 3 (Gemma Team 2025, arXiv:2503.19786), its text models, as in transformers' modeling_gemma3: Gemma 2's decoder without
 * soft-caps, whose queries and keys are normalised head by head; five layers look back a sliding window, with positions of their own,
 * then one on everything.
 */
import { ConfigReader } from './config.js';
import { GEMMA_GGUF, gemmaLike, gemmaNorm, LESS_ONE, parseGemma, scalarByHead, type GemmaConfig } from './gemma2.js';
import type { HeadNorms } from './llama.js';
import { parseRotary, type Rotary } from './rotary.js';
import type { Architecture, ConfigJson } from './types.js';

const DEFAULTS = {
  vocabularySize: 262208,
  hiddenSize: 2304,
  ffnSize: 9216,
  heads: 8,
  keyHeads: 4,
  headSize: 256,
  layers: 26,
  tied: true,
  maxPositions: 131072,
  epsilon: 1e-6,
  paddingId: 0,
};

/** Every so many layers one looks at everything, where config.json says nothing. */
const PATTERN = 6;

const NORMS: HeadNorms = {
  parameters: ({ headSize }, at) =>
    ['q_norm', 'k_norm'].map((norm) => ({ name: `${at}.${norm}.weight`, shape: [headSize], init: { kind: 'zeros' } })),
  apply: (g, get, config, module, x) => gemmaNorm(g, get, config as GemmaConfig, module, x),
};

/**
 * Positions of a kind of layers: what rope_parameters says of it; before transformers 5, rope_scaling was about the layers that look at
 * everything, and each kind had a field for its base.
 */
function rotaryOf(kind: 'full_attention' | 'sliding_attention', theta: [field: string, fallback: number]) {
  return (read: ConfigReader, headSize: number, maxPositions: number): Rotary => {
    const objects = ['rope_parameters', 'rope_scaling'].map((name) => {
      const value = read.get(name) ?? {};
      if (typeof value !== 'object' || Array.isArray(value)) read.refuse(name, `must be an object, not ${JSON.stringify(value)}`);
      return value as ConfigJson;
    });
    const scaling = kind === 'full_attention' ? objects[1] : {};
    const rope = { rope_theta: read.number(...theta), ...(objects[0][kind] as ConfigJson | null | undefined), ...scaling };
    return parseRotary(new ConfigReader({ rope_parameters: rope }, `${read.file}, ${kind}`), headSize, maxPositions);
  };
}

const everywhere = rotaryOf('full_attention', ['rope_theta', 1e6]);
const within = rotaryOf('sliding_attention', ['rope_local_base_freq', 10000]);

function parseConfig(read: ConfigReader): GemmaConfig {
  const pattern = read.size('sliding_window_pattern', PATTERN);
  const config = parseGemma(read, 'gemma3_text', { ...DEFAULTS, rotary: everywhere }, {}, (layer) => (layer + 1) % pattern !== 0);
  return { ...config, slidingRotary: within(read, config.headSize, config.maxPositions) };
}

const LAYERS_OF_27B = 62;

export const gemma3Text: Architecture<GemmaConfig> = {
  ...gemmaLike(NORMS),
  modelType: 'gemma3_text',
  gguf: {
    ...GEMMA_GGUF,
    name: 'gemma3',
    className: 'Gemma3ForCausalLM',
    fields: { ...GEMMA_GGUF.fields, ...scalarByHead(LAYERS_OF_27B) },
    layerNames: { ...GEMMA_GGUF.layerNames, attn_q_norm: 'self_attn.q_norm', attn_k_norm: 'self_attn.k_norm' },
    rearrange: { ...GEMMA_GGUF.rearrange, attn_q_norm: LESS_ONE, attn_k_norm: LESS_ONE },
  },
  parseConfig,
};
