/**
 * Hugging Face model folders in and out: config.json, the weights, generation_config.json. What is
 * written loads in `transformers` unchanged and reads back bit for bit.
 */
import { join } from 'node:path';
import { HabsburgError } from '../../common/errors.js';
import { architectureOf, parseConfig } from '../models/index.js';
import type { ConfigJson, DecoderConfig } from '../models/types.js';
import { isGguf } from './gguf.js';
import { readGgufModel } from './gguf-model.js';
import { readJsonObject, writeJson } from './json.js';
import { writeSafetensors, type NamedTensor, type Weights } from './safetensors.js';
import { readWeights } from './weight-files.js';

/** A model in memory: its config and its float32 weights under Hugging Face names. */
export interface Model {
  readonly config: DecoderConfig;
  readonly weights: Weights;
}

export interface Checkpoint extends Model {
  /** generation_config.json's content; empty where there is none */
  readonly generationConfig: ConfigJson;
}

const WEIGHTS = 'model.safetensors';

/**
 * Loads a folder, or a single file in the GGUF format.
 * @throws HabsburgError `notFound` when a file is missing, `verification` when one is damaged, `invalid` when the model is of a
 *   kind that is not supported
 */
export async function loadCheckpoint(dir: string): Promise<Checkpoint> {
  if (isGguf(dir)) {
    const { json, weights } = await readGgufModel(dir);
    const config = parseConfig(json, dir);
    return { config, weights: matchParameters(weights, config, dir), generationConfig: {} };
  }
  const configFile = join(dir, 'config.json');
  const config = parseConfig(await readJsonObject(configFile), configFile);
  const generationConfig = await readJsonObject(join(dir, 'generation_config.json')).catch((error: unknown) => {
    if (error instanceof HabsburgError && error.kind === 'notFound') return {};
    throw error;
  });
  return { config, weights: matchParameters(await readWeights(dir), config, dir), generationConfig };
}

/** Brings a file's tensors to our names, in the architecture's order, and checks that they are exactly its parameters. */
function matchParameters(found: Weights, config: DecoderConfig, dir: string): Weights {
  const architecture = architectureOf(config.modelType);
  const renamed = new Map<string, NamedTensor>();
  for (const [name, tensor] of found) {
    const canonical = architecture.canonicalName(name, config);
    if (canonical === undefined) continue;
    if (renamed.has(canonical)) throw new HabsburgError('verification', `${dir} holds the weight ${canonical} under two names`);
    renamed.set(canonical, tensor);
  }
  const weights: Weights = new Map();
  for (const { name, shape } of architecture.parameters(config)) {
    const tensor = renamed.get(name);
    if (tensor === undefined)
      throw new HabsburgError('verification', `${dir} lacks the weight ${name} that its config.json asks for`);
    if (tensor.shape.join() !== shape.join()) {
      throw new HabsburgError(
        'verification',
        `${dir}: ${name} has shape (${tensor.shape.join(', ')}), config.json asks for (${shape.join(', ')})`,
      );
    }
    weights.set(name, tensor);
    renamed.delete(name);
  }
  const [extra] = renamed.keys();
  if (extra !== undefined)
    throw new HabsburgError('verification', `${dir} holds the weight ${extra}, for which its config.json has no place`);
  return weights;
}

/**
 * Writes config.json, model.safetensors and, where given, generation_config.json into an existing folder. The weights are float32,
 * and the config says so.
 */
export async function saveCheckpoint(
  dir: string,
  model: Model,
  options: { readonly generationConfig?: ConfigJson } = {},
): Promise<void> {
  const { torch_dtype: _old, ...json } = model.config.json;
  await writeJson(join(dir, 'config.json'), { ...json, dtype: 'float32' });
  if (options.generationConfig !== undefined) await writeJson(join(dir, 'generation_config.json'), options.generationConfig);
  await writeSafetensors(join(dir, WEIGHTS), model.weights);
}
