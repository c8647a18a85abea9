/** DistilBERT (Sanh et al. 2019, arXiv:1910.01108) as in transformers' modeling_distilbert: BERT's layers under other names, no segments. */
import type { Graph } from '../graph/graph.js';
import { fixed, type Value } from '../graph/types.js';
import { activationNames, layerNorm, type Activation } from '../models/blocks.js';
import type { Parameters } from '../models/types.js';
import { encoderLayers, layerSpecs, normSpecs, type LayeredConfig, type LayerNames } from './layers.js';
import type { EncoderArchitecture, EncoderInputs } from './types.js';

const AT = 'transformer.layer.';
const NAMES: LayerNames = {
  queries: 'attention.q_lin',
  keys: 'attention.k_lin',
  values: 'attention.v_lin',
  out: 'attention.out_lin',
  attentionNorm: 'sa_layer_norm',
  up: 'ffn.lin1',
  down: 'ffn.lin2',
  outputNorm: 'output_layer_norm',
};

/** transformers takes no other, whatever the file says. */
const EPSILON = 1e-12;

function hidden(g: Graph, config: LayeredConfig, get: Parameters, inputs: EncoderInputs): Value {
  const { hiddenSize: d } = config;
  const time = fixed(inputs.ids.shape[1], 'a sequence');
  const words = g.gather(get('embeddings.word_embeddings.weight'), g.reshape(inputs.ids, [-1])); // (N, d)
  const positions = g.slice(get('embeddings.position_embeddings.weight'), 0, 0, time); // (T, d)
  const summed = g.add(g.reshape(words, [-1, time, d]), positions); // (B, T, d)
  const [weight, bias] = ['weight', 'bias'].map((kind) => get(`embeddings.LayerNorm.${kind}`));
  const x = layerNorm(g, g.reshape(summed, [-1, d]), weight, bias, config.epsilon);
  return encoderLayers(g, config, get, time, AT, NAMES, x, inputs.mask);
}

/** Files carry `distilbert.…` or no prefix. */
function canonicalName(name: string): string | undefined {
  const own = name.replace(/^distilbert\./, '');
  return /^(embeddings|transformer)\./.test(own) && own !== 'embeddings.position_ids' ? own : undefined;
}

export const distilbert: EncoderArchitecture<LayeredConfig> = {
  modelType: 'distilbert',
  parseConfig: (read) => {
    const hiddenSize = read.size('dim', 768);
    const heads = read.size('n_heads', 12);
    if (hiddenSize % heads !== 0) read.refuse('dim', `${hiddenSize} is not divisible by n_heads ${heads}`);
    const vocabularySize = read.size('vocab_size', 30522);
    const positionRows = read.size('max_position_embeddings', 512);
    return {
      modelType: 'distilbert',
      vocabularySize,
      hiddenSize,
      heads,
      layers: read.size('n_layers', 6),
      ffnSize: read.size('hidden_dim', 3072),
      epsilon: EPSILON,
      activation: read.only<Activation>('activation', 'gelu', activationNames),
      paddingId: read.paddingId(0, vocabularySize) ?? 0,
      positionRows,
      maxPositions: positionRows,
    };
  },
  parameters: (config) => [
    { name: 'embeddings.word_embeddings.weight', shape: [config.vocabularySize, config.hiddenSize] },
    { name: 'embeddings.position_embeddings.weight', shape: [config.positionRows, config.hiddenSize] },
    ...normSpecs('embeddings.LayerNorm', config.hiddenSize),
    ...layerSpecs(config, AT, NAMES),
  ],
  canonicalName,
  hidden,
  classifier: {
    architecture: 'DistilBertForSequenceClassification',
    inner: 'pre_classifier',
    activation: 'relu',
    outer: 'classifier',
  },
};
