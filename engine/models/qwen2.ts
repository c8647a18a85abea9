/** Qwen2 and Qwen2.5 (Yang et al. 2024, arXiv:2407.10671): Llama's decoder with biases on queries, keys and values. */
import { ConfigReader } from './config.js';
import { hasSlidingLayer, llamaLike, parseDecoder, withinWindow } from './llama.js';

const DEFAULTS = {
  vocabularySize: 151936,
  hiddenSize: 4096,
  ffnSize: 22016,
  heads: 32,
  keyHeads: 32,
  maxPositions: 32768,
  epsilon: 1e-6,
};

export const qwen2 = llamaLike('qwen2', (json, file) => {
  const read = new ConfigReader(json, file);
  const config = parseDecoder(read, 'qwen2', DEFAULTS, { queryKeyValue: true, out: false, feedForward: false });
  const sliding = hasSlidingLayer(read, config.layers > read.number('max_window_layers', 28));
  const windowed = sliding && read.boolean('use_sliding_window', false) && json.sliding_window !== null;
  return windowed ? withinWindow(config, read.size('sliding_window', 4096)) : config;
});
