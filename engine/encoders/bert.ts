/** BERT (Devlin et al. 2019, arXiv:1810.04805; MiniLM too) as in transformers' modeling_bert: learned positions, one segment. */
import type { Graph } from '../graph/graph.js';
import { fixed, type Value } from '../graph/types.js';
import { layerNorm } from '../models/blocks.js';
import type { ConfigReader } from '../models/config.js';
import type { Parameters } from '../models/types.js';
import { encoderLayers, layerSpecs, normSpecs, parseLayered, type LayeredConfig, type LayerNames } from './layers.js';
import type { EncoderArchitecture, EncoderInputs } from './types.js';

interface BertConfig extends LayeredConfig {
  /** kinds of segments; a text is of the first */
  readonly segments: number;
  /** row of the table of positions that is a text's first token's */
  readonly firstPosition: number;
}

/** What the names of layers begin with, before their number. */
export const BERT_LAYERS_AT = 'encoder.layer.';
export const BERT_LAYER: LayerNames = {
  queries: 'attention.self.query',
  keys: 'attention.self.key',
  values: 'attention.self.value',
  out: 'attention.output.dense',
  attentionNorm: 'attention.output.LayerNorm',
  up: 'intermediate.dense',
  down: 'output.dense',
  outputNorm: 'output.LayerNorm',
};

function hidden(g: Graph, config: BertConfig, get: Parameters, inputs: EncoderInputs): Value {
  const { hiddenSize: d } = config;
  const time = fixed(inputs.ids.shape[1], 'a sequence');
  const words = g.gather(get('embeddings.word_embeddings.weight'), g.reshape(inputs.ids, [-1])); // (N, d)
  const { firstPosition: first } = config;
  const positions = g.slice(get('embeddings.position_embeddings.weight'), 0, first, first + time); // (T, d)
  const segment = g.slice(get('embeddings.token_type_embeddings.weight'), 0, 0, 1); // (1, d)
  const summed = g.add(g.reshape(g.add(words, segment), [-1, time, d]), positions); // (B, T, d)
  const [weight, bias] = ['weight', 'bias'].map((kind) => get(`embeddings.LayerNorm.${kind}`));
  const x = layerNorm(g, g.reshape(summed, [-1, d]), weight, bias, config.epsilon);
  return encoderLayers(g, config, get, time, BERT_LAYERS_AT, BERT_LAYER, x, inputs.mask);
}

/** Files carry `bert.…` or no prefix, and LayerNorm's gamma and beta before 2019. */
function canonicalName(name: string): string | undefined {
  const own = name.replace(/^bert\./, '').replace(/LayerNorm\.gamma$/, 'LayerNorm.weight').replace(/LayerNorm\.beta$/, 'LayerNorm.bias'); // prettier-ignore
  return /^(embeddings|encoder)\./.test(own) && own !== 'embeddings.position_ids' ? own : undefined;
}

/** The fields of BERT and of what differs from it in its positions alone, with its own defaults. */
export function bertParts(
  read: ConfigReader,
  modelType: string,
  defaults: { readonly vocabularySize: number; readonly paddingId: number },
): BertConfig {
  read.only('position_embedding_type', 'absolute', ['absolute']);
  read.only('is_decoder', false, [false]);
  return { ...parseLayered(read, modelType, defaults), segments: read.size('type_vocab_size', 2), firstPosition: 0 };
}

export const bert: EncoderArchitecture<BertConfig> = {
  modelType: 'bert',
  parseConfig: (read) => bertParts(read, 'bert', { vocabularySize: 30522, paddingId: 0 }),
  parameters: (config) => [
    { name: 'embeddings.word_embeddings.weight', shape: [config.vocabularySize, config.hiddenSize] },
    { name: 'embeddings.position_embeddings.weight', shape: [config.positionRows, config.hiddenSize] },
    { name: 'embeddings.token_type_embeddings.weight', shape: [config.segments, config.hiddenSize] },
    ...normSpecs('embeddings.LayerNorm', config.hiddenSize),
    ...layerSpecs(config, BERT_LAYERS_AT, BERT_LAYER),
  ],
  canonicalName,
  hidden,
  classifier: {
    architecture: 'BertForSequenceClassification',
    inner: 'bert.pooler.dense',
    activation: 'tanh',
    outer: 'classifier',
  },
};
