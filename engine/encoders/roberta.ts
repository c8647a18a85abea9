/** RoBERTa (Liu et al. 2019, arXiv:1907.11692) as in transformers' modeling_roberta: BERT whose positions begin behind the padding id's row. */
import { bert, bertParts } from './bert.js';
import type { EncoderArchitecture } from './types.js';

export const roberta: EncoderArchitecture<ReturnType<typeof bert.parseConfig>> = {
  ...bert,
  modelType: 'roberta',
  parseConfig: (read) => {
    const config = bertParts(read, 'roberta', { vocabularySize: 50265, paddingId: 1 });
    const firstPosition = config.paddingId + 1;
    if (config.positionRows <= firstPosition) read.refuse('max_position_embeddings', `must be above ${firstPosition}`);
    return { ...config, firstPosition, maxPositions: config.positionRows - firstPosition };
  },
  canonicalName: (name) => bert.canonicalName(name.replace(/^roberta\./, '')),
  classifier: {
    architecture: 'RobertaForSequenceClassification',
    inner: 'classifier.dense',
    activation: 'tanh',
    outer: 'classifier.out_proj',
  },
};
