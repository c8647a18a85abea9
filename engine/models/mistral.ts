/** Mistral (Jiang et al. 2023, arXiv:2310.06825): Llama's decoder, every layer of which looks back a sliding window. */
import { llamaLike, parseDecoder, slidingWindow, type LlamaConfig } from './llama.js';
import type { Architecture } from './types.js';

const DEFAULTS = {
  vocabularySize: 32000,
  hiddenSize: 4096,
  ffnSize: 14336,
  heads: 32,
  keyHeads: 8,
  maxPositions: 131072,
  epsilon: 1e-6,
};

export const mistral: Architecture<LlamaConfig> = {
  ...llamaLike(),
  modelType: 'mistral',
  parseConfig: (read) => {
    const config = parseDecoder(read, 'mistral', DEFAULTS, { queryKeyValue: false, out: false, feedForward: false });
    const window = slidingWindow(read, 4096);
    return { ...config, windows: Array.from({ length: config.layers }, () => window) };
  },
};
