/**
 * MPNet (Song et al. 2020, arXiv:2004.09297) as in transformers' modeling_mpnet: BERT's layers, positions that begin behind the padding
 * id's row, and a bias on every layer's scores by how far a key lies from the query, in buckets (Raffel et al. 2020, arXiv:1910.10683).
 */
import type { Graph } from '../graph/graph.js';
import { fixed, type Value } from '../graph/types.js';
import { layerNorm } from '../models/blocks.js';
import type { Parameters } from '../models/types.js';
import { encoderLayers, layerSpecs, normSpecs, parseLayered, type LayeredConfig, type LayerNames } from './layers.js';
import type { EncoderArchitecture, EncoderInputs } from './types.js';

const AT = 'encoder.layer.';
const NAMES: LayerNames = {
  queries: 'attention.attn.q',
  keys: 'attention.attn.k',
  values: 'attention.attn.v',
  out: 'attention.attn.o',
  attentionNorm: 'attention.LayerNorm',
  up: 'intermediate.dense',
  down: 'output.dense',
  outputNorm: 'output.LayerNorm',
};
const BIAS = 'encoder.relative_attention_bias.weight';

/** Row of the table that holds position 0: whatever pad_token_id says, padding is 1 to MPNet's positions. */
const FIRST_POSITION = 2;

/** transformers takes no other number of them, whatever relative_attention_num_buckets says. */
const BUCKETS = 32;

/** From this distance on, all distances share a bucket. */
const FAR = 128;

const f = Math.fround;

/**
 * The bucket of a key `distance` tokens behind its query (negative: before it): half of them for each direction, of these half for one
 * distance each, the rest growing with the logarithm. Rounded to float32 where torch rounds.
 */
export function relativeBucket(distance: number): number {
  const perSide = BUCKETS / 2;
  const exact = perSide / 2;
  const side = distance > 0 ? perSide : 0;
  const far = Math.abs(distance);
  if (far < exact) return side + far;
  const share = f(f(Math.log(f(far / exact))) / f(Math.log(FAR / exact)));
  return side + Math.min(perSide - 1, exact + Math.trunc(f(share * (perSide - exact))));
}

function hidden(g: Graph, config: LayeredConfig, get: Parameters, inputs: EncoderInputs): Value {
  const { hiddenSize: d, heads } = config;
  const time = fixed(inputs.ids.shape[1], 'a sequence');
  const words = g.gather(get('embeddings.word_embeddings.weight'), g.reshape(inputs.ids, [-1])); // (N, d)
  const positions = g.slice(get('embeddings.position_embeddings.weight'), 0, FIRST_POSITION, FIRST_POSITION + time); // (T, d)
  const summed = g.add(g.reshape(words, [-1, time, d]), positions); // (B, T, d)
  const [weight, bias] = ['weight', 'bias'].map((kind) => get(`embeddings.LayerNorm.${kind}`));
  const x = layerNorm(g, g.reshape(summed, [-1, d]), weight, bias, config.epsilon);
  const rows = Int32Array.from({ length: time * time }, (_, i) => relativeBucket((i % time) - Math.floor(i / time)));
  const near = g.gather(get(BIAS), g.constant('int32', [time * time], rows)); // (T·T, heads)
  const byHead = g.reshape(g.transpose(g.reshape(near, [time, time, heads]), [2, 0, 1]), [1, heads, time, time]);
  return encoderLayers(g, config, get, time, AT, NAMES, x, g.add(byHead, inputs.mask));
}

/** Files carry `mpnet.…` or no prefix. */
function canonicalName(name: string): string | undefined {
  const own = name.replace(/^mpnet\./, '');
  return /^(embeddings|encoder)\./.test(own) && own !== 'embeddings.position_ids' ? own : undefined;
}

export const mpnet: EncoderArchitecture<LayeredConfig> = {
  modelType: 'mpnet',
  parseConfig: (read) => {
    const config = parseLayered(read, 'mpnet', { vocabularySize: 30527, paddingId: 1 });
    read.only('relative_attention_num_buckets', BUCKETS, [BUCKETS]);
    if (config.positionRows <= FIRST_POSITION) read.refuse('max_position_embeddings', `must be above ${FIRST_POSITION}`);
    return { ...config, maxPositions: config.positionRows - FIRST_POSITION };
  },
  parameters: (config) => [
    { name: 'embeddings.word_embeddings.weight', shape: [config.vocabularySize, config.hiddenSize] },
    { name: 'embeddings.position_embeddings.weight', shape: [config.positionRows, config.hiddenSize] },
    ...normSpecs('embeddings.LayerNorm', config.hiddenSize),
    ...layerSpecs(config, AT, NAMES),
    { name: BIAS, shape: [BUCKETS, config.heads] },
  ],
  canonicalName,
  hidden,
};
