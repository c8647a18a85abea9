/** Qwen2 and Qwen2.5 (Yang et al. 2024, arXiv:2407.10671): Llama's decoder with biases on queries, keys and values. */
import type { ConfigReader } from './config.js';
import { LLAMA_GGUF, llamaLike, parseDecoder, slidingLayers, slidingWindow, type LlamaConfig } from './llama.js';
import type { Architecture, DecoderConfig } from './types.js';

const DEFAULTS = {
  vocabularySize: 151936,
  hiddenSize: 4096,
  ffnSize: 22016,
  heads: 32,
  keyHeads: 32,
  maxPositions: 32768,
  epsilon: 1e-6,
};

/** Qwen's windows: of the layers from max_window_layers on, where use_sliding_window says so. */
export function qwenWindows(read: ConfigReader, layers: number): DecoderConfig['windows'] {
  const window = slidingWindow(read, 4096);
  const inUse = read.boolean('use_sliding_window', false);
  const from = read.number('max_window_layers', 28);
  return slidingLayers(read, layers, (layer) => layer >= from).map((slides) => (slides && inUse ? window : undefined));
}

export const qwen2: Architecture<LlamaConfig> = {
  ...llamaLike(),
  modelType: 'qwen2',
  gguf: { ...LLAMA_GGUF, name: 'qwen2', className: 'Qwen2ForCausalLM' },
  parseConfig: (read) => {
    const config = parseDecoder(read, 'qwen2', DEFAULTS, { queryKeyValue: true, out: false, feedForward: false });
    return { ...config, windows: qwenWindows(read, config.layers) };
  },
};
