/** Qwen3 (Yang et al. 2025, arXiv:2505.09388): Llama's decoder, whose queries and keys are normalised head by head. */
import { rmsNorm } from './blocks.js';
import { LLAMA_GGUF, llamaLike, parseDecoder, type HeadNorms, type LlamaConfig } from './llama.js';
import { qwenWindows } from './qwen2.js';
import type { Architecture } from './types.js';

const DEFAULTS = {
  vocabularySize: 151936,
  hiddenSize: 4096,
  ffnSize: 22016,
  heads: 32,
  keyHeads: 32,
  headSize: 128,
  maxPositions: 32768,
  epsilon: 1e-6,
};

const NORMS: HeadNorms = {
  parameters: ({ headSize }, at) =>
    ['q_norm', 'k_norm'].map((norm) => ({ name: `${at}.${norm}.weight`, shape: [headSize], init: { kind: 'ones' } })),
  apply: (g, get, { epsilon }, module, x) => rmsNorm(g, x, get(`${module}.weight`), epsilon),
};

export const qwen3: Architecture<LlamaConfig> = {
  ...llamaLike(NORMS),
  modelType: 'qwen3',
  gguf: {
    ...LLAMA_GGUF,
    name: 'qwen3',
    className: 'Qwen3ForCausalLM',
    layerNames: { ...LLAMA_GGUF.layerNames, attn_q_norm: 'self_attn.q_norm', attn_k_norm: 'self_attn.k_norm' },
    biases: { attention_bias: 'self_attn.o_proj' },
  },
  parseConfig: (read) => {
    const bias = read.boolean('attention_bias', false);
    const config = parseDecoder(read, 'qwen3', DEFAULTS, { queryKeyValue: bias, out: bias, feedForward: false });
    return { ...config, windows: qwenWindows(read, config.layers) };
  },
};
