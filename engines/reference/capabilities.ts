/** What the reference engine can do: language models by the book. A setting that is not here is refused. */
import type { Ability, Capabilities } from '../capabilities.js';

const READS: Ability = { settings: { lossOn: 'any', prefix: 'any', window: 'any', stride: 'any' } };

export const reference: Capabilities = {
  devices: ['cpu'],
  fit: {
    'language-model': {
      architectures: ['opt', 'gpt2', 'llama', 'mistral', 'qwen2'],
      settings: {
        epochs: 'any',
        maxSteps: 'any',
        learningRate: 'any',
        schedule: 'any',
        minLearningRate: 'any',
        scheduleUnit: 'any',
        warmup: 'any',
        batch: 'any',
        accumulation: 'any',
        clip: 'any',
        loss: 'any',
        dropout: [0],
        select: 'any',
        validateEvery: 'any',
        patience: 'any',
        lossOn: 'any',
        packing: 'any',
        optimizer: ['adamw'],
        weightDecay: 'any',
        betas: 'any',
        epsilon: 'any',
      },
    },
  },
  generate: {
    'language-model': {
      settings: {
        strategy: ['greedy', 'sample'],
        maxNewTokens: 'any',
        minNewTokens: 'any',
        batch: 'any',
        temperature: 'any',
        topK: 'any',
        topP: 'any',
        numReturnSequences: 'any',
      },
    },
  },
  observe: { likelihood: READS, prediction: { settings: { lossOn: 'any' } } },
  simulate: {},
};
