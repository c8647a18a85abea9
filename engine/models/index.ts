/** The architectures by config.json's model_type. */
import { HabsburgError } from '../../common/errors.js';
import { ConfigReader } from './config.js';
import { gemma2 } from './gemma2.js';
import { gemma3Text } from './gemma3_text.js';
import { gptNeo } from './gpt_neo.js';
import { gptNeox } from './gpt_neox.js';
import { gpt2 } from './gpt2.js';
import { llama } from './llama.js';
import { mistral } from './mistral.js';
import { opt } from './opt.js';
import { qwen2 } from './qwen2.js';
import { qwen3 } from './qwen3.js';
import type { Architecture, ConfigJson, DecoderConfig } from './types.js';

const ROWS: readonly unknown[] = [opt, gpt2, llama, mistral, qwen2, qwen3, gemma2, gemma3Text, gptNeox, gptNeo];

const ARCHITECTURES = new Map((ROWS as readonly Architecture[]).map((architecture) => [architecture.modelType, architecture]));

/** Every model_type that there is an architecture for. */
export function modelTypes(): string[] {
  return [...ARCHITECTURES.keys()];
}

/** @throws HabsburgError `invalid` when there is no such architecture */
export function architectureOf(modelType: string, file = 'config.json'): Architecture {
  const architecture = ARCHITECTURES.get(modelType);
  if (architecture === undefined)
    throw new HabsburgError(
      'invalid',
      `${file}: model_type ${JSON.stringify(modelType)} is not supported; known: ${modelTypes().join(', ')}`,
    );
  return architecture;
}

/** The architectures that llama.cpp writes too, by GGUF's general.architecture. */
export const GGUF_ARCHITECTURES: ReadonlyMap<string, Architecture> = new Map(
  [...ARCHITECTURES.values()].flatMap((architecture) => (architecture.gguf ? [[architecture.gguf.name, architecture]] : [])),
);

/** Reads the content of a config.json. */
export function parseConfig(json: ConfigJson, file: string): DecoderConfig {
  if (typeof json.model_type !== 'string')
    throw new HabsburgError('invalid', `${file}: model_type is missing; known: ${modelTypes().join(', ')}`);
  return architectureOf(json.model_type, file).parseConfig(new ConfigReader(json, file));
}

/** The fields of a config.json that an architecture obeys. */
export function fieldsOf(modelType: string): ReadonlySet<string> {
  const read = new ConfigReader({ model_type: modelType }, 'config.json');
  architectureOf(modelType).parseConfig(read);
  return read.asked;
}
