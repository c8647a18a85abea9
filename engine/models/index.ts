/** The architectures by config.json's model_type. */
import { HabsburgError } from '../../common/errors.js';
import { gemma2 } from './gemma2.js';
import { gpt2 } from './gpt2.js';
import { llama } from './llama.js';
import { mistral } from './mistral.js';
import { opt } from './opt.js';
import { qwen2 } from './qwen2.js';
import type { Architecture, ConfigJson, DecoderConfig } from './types.js';

const ARCHITECTURES: Readonly<Record<string, Architecture>> = {
  opt: opt as unknown as Architecture,
  gpt2: gpt2 as unknown as Architecture,
  llama: llama as unknown as Architecture,
  mistral: mistral as unknown as Architecture,
  qwen2: qwen2 as unknown as Architecture,
  gemma2: gemma2 as unknown as Architecture,
};

/** Every model_type that there is an architecture for. */
export function modelTypes(): string[] {
  return Object.keys(ARCHITECTURES);
}

/** @throws HabsburgError `invalid` when there is no such architecture */
export function architectureOf(modelType: string, file = 'config.json'): Architecture {
  if (!Object.hasOwn(ARCHITECTURES, modelType)) {
    throw new HabsburgError(
      'invalid',
      `${file}: model_type ${JSON.stringify(modelType)} is not supported; known: ${Object.keys(ARCHITECTURES).join(', ')}`,
    );
  }
  return ARCHITECTURES[modelType];
}

/** Reads the content of a config.json. */
export function parseConfig(json: ConfigJson, file: string): DecoderConfig {
  if (typeof json.model_type !== 'string')
    throw new HabsburgError('invalid', `${file}: model_type is missing; known: ${Object.keys(ARCHITECTURES).join(', ')}`);
  return architectureOf(json.model_type, file).parseConfig(json, file);
}
