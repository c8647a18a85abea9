/** Mistral (Jiang et al. 2023, arXiv:2310.06825): Llama's decoder; contexts up to its sliding window, where the window shows all. */
import { ConfigReader } from './config.js';
import { llamaLike, parseDecoder, withinWindow } from './llama.js';

const DEFAULTS = {
  vocabularySize: 32000,
  hiddenSize: 4096,
  ffnSize: 14336,
  heads: 32,
  keyHeads: 8,
  maxPositions: 131072,
  epsilon: 1e-6,
};

export const mistral = llamaLike('mistral', (json, file) => {
  const read = new ConfigReader(json, file);
  const config = parseDecoder(read, 'mistral', DEFAULTS, { queryKeyValue: false, out: false, feedForward: false });
  // null: no window; absent: transformers' default
  return json.sliding_window === null ? config : withinWindow(config, read.size('sliding_window', 4096));
});
