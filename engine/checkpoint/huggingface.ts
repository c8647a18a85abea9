/**
 * Hugging Face model folders in and out: config.json, the weights, generation_config.json. What is
 * written loads in `transformers` unchanged and reads back bit for bit.
 */
import { join } from 'node:path';
import { HabsburgError, isHabsburgError } from '../../common/errors.js';
import type { Device } from '../../spec/devices.js';
import { mergeLora, stackLora, type Lora } from '../adapters/lora.js';
import { architectureOf, parseConfig } from '../models/index.js';
import type { ConfigJson, DecoderConfig } from '../models/types.js';
import { isGguf } from './gguf.js';
import { readGgufModel } from './gguf-model.js';
import { readJsonObject, writeJson } from './json.js';
import { loadAdapter } from './peft.js';
import { writeSafetensors, type TensorSource, type TensorSources, type Weights } from './safetensors.js';
import { isMatrix, isQuantized, readStored, scalesName, storedWeight, type StoredWeight, type StoredWeights } from './stored.js';
import { openWeights } from './weight-files.js';

/** A model: its config and its float32 weights under Hugging Face names. */
export interface Model {
  readonly config: DecoderConfig;
  readonly weights: Weights;
  /** frozen matrices that stay in their file, quantised or not; `weights` has only the others */
  readonly stored?: StoredWeights;
  /** frozen too, beside weights that it cannot be merged into without loss */
  readonly adapter?: Lora;
}

/** What of a model a graph carries itself. */
export type FrozenParts = Pick<Model, 'stored' | 'adapter'>;

export interface Checkpoint extends Model {
  /** generation_config.json's content; empty where there is none */
  readonly generationConfig: ConfigJson;
}

export const WEIGHTS = 'model.safetensors';
export const GENERATION_CONFIG = 'generation_config.json';

/** A checkpoint whose weights have not been read: what each parameter is in its files, in the architecture's order. */
export interface OpenCheckpoint {
  readonly config: DecoderConfig;
  readonly generationConfig: ConfigJson;
  readonly sources: TensorSources;
  /** whether the weights are quantised by us */
  readonly quantized: boolean;
}

/**
 * Loads a folder, or a single file in the GGUF format.
 * @param options.frozen whether the weights will not be trained: matrices that the files hold as float32 are then mapped when they are used,
 *   not read, where the device can (the CPU). Quantised ones always are.
 * @param options.device what the model will be computed on; default: cpu
 * @throws HabsburgError `notFound` when a file is missing, `verification` when one is damaged, `invalid` when the model is of a
 *   kind that is not supported
 */
export async function loadCheckpoint(
  dir: string,
  { frozen = false, device = 'cpu' }: { readonly frozen?: boolean; readonly device?: Device } = {},
): Promise<Checkpoint> {
  const { config, generationConfig, sources, quantized } = await openCheckpoint(dir);
  const weights: Weights = new Map();
  const stored = new Map<string, StoredWeight>();
  for (const spec of architectureOf(config.modelType).parameters(config)) {
    const source = sources.get(spec.name)!;
    const stays = isMatrix(spec, config) && (quantized || (frozen && device === 'cpu' && source.dtype === 'F32'));
    const left = stays ? storedWeight(spec, source, sources, dir) : undefined;
    if (left !== undefined) stored.set(spec.name, left);
    else
      weights.set(spec.name, {
        shape: spec.shape,
        data: await source.read(),
        file: source.dtype === 'F32' ? source.file : undefined,
      });
  }
  const adapter = quantized ? await loadAdapterBeside(dir, config) : undefined;
  return { config, weights, generationConfig, ...(stored.size > 0 && { stored }), ...(adapter && { adapter }) };
}

/** Opens a checkpoint and checks that it holds the parameters which its config asks for; errors as loadCheckpoint's. */
export async function openCheckpoint(dir: string): Promise<OpenCheckpoint> {
  if (isGguf(dir)) {
    const { json, sources } = await readGgufModel(dir);
    const config = parseConfig(json, dir);
    return { config, sources: matchParameters(sources, config, dir, false), generationConfig: {}, quantized: false };
  }
  const configFile = join(dir, 'config.json');
  const config = parseConfig(await readJsonObject(configFile), configFile);
  const quantized = isQuantized(config.json, configFile);
  const generationConfig = await readJsonObject(join(dir, GENERATION_CONFIG)).catch((error: unknown) => {
    if (error instanceof HabsburgError && error.kind === 'notFound') return {};
    throw error;
  });
  return { config, sources: matchParameters(await openWeights(dir), config, dir, quantized), generationConfig, quantized };
}

/** Brings a file's tensors to our names, in the architecture's order, and checks that they are exactly its parameters. */
function matchParameters(found: TensorSources, config: DecoderConfig, dir: string, quantized: boolean): TensorSources {
  const architecture = architectureOf(config.modelType);
  const renamed = new Map<string, TensorSource>();
  for (const [name, source] of found) {
    const canonical = quantized ? name : architecture.canonicalName(name, config); // ours are written under our names
    if (canonical === undefined) continue;
    if (renamed.has(canonical)) throw new HabsburgError('verification', `${dir} holds the weight ${canonical} under two names`);
    renamed.set(canonical, source);
  }
  const sources: TensorSources = new Map();
  for (const { name, shape } of architecture.parameters(config)) {
    const source = renamed.get(name);
    if (source === undefined)
      throw new HabsburgError('verification', `${dir} lacks the weight ${name} that its config.json asks for`);
    const scales = renamed.get(scalesName(name));
    const blocks = quantized && source.dtype === 'U8' && scales !== undefined; // their shapes are looked at with the blocks
    if (!blocks && source.shape.join() !== shape.join()) {
      throw new HabsburgError(
        'verification',
        `${dir}: ${name} has shape (${source.shape.join(', ')}), config.json asks for (${shape.join(', ')})`,
      );
    }
    sources.set(name, source);
    renamed.delete(name);
    if (!blocks) continue;
    sources.set(scalesName(name), scales);
    renamed.delete(scalesName(name));
  }
  const [extra] = renamed.keys();
  if (extra !== undefined)
    throw new HabsburgError('verification', `${dir} holds the weight ${extra}, for which its config.json has no place`);
  return sources;
}

/** An adapter in the folder of quantised weights belongs to them. */
async function loadAdapterBeside(dir: string, config: DecoderConfig): Promise<Lora | undefined> {
  try {
    return await loadAdapter(dir, config);
  } catch (error) {
    if (isHabsburgError(error) && error.kind === 'notFound') return undefined;
    throw error;
  }
}

/** The model with every weight in memory as float32, quantised ones as what they stand for, its adapter merged. */
export async function asFloat32(model: Model): Promise<Model> {
  if (model.stored === undefined) return model;
  const weights: Weights = new Map();
  for (const { name, shape } of architectureOf(model.config.modelType).parameters(model.config)) {
    const left = model.stored.get(name);
    weights.set(name, left === undefined ? model.weights.get(name)! : { shape, data: await readStored(left) });
  }
  const { quantization_config: _gone, ...json } = model.config.json;
  const whole = { config: { ...model.config, json }, weights };
  return model.adapter === undefined ? whole : mergeLora(whole, model.adapter);
}

/**
 * The model with an adapter: merged into weights that are in memory, and beside weights that are stored, since to merge into quantised
 * ones would be to round the adapter away.
 */
export function withAdapter<M extends Model>(model: M, adapter: Lora): M {
  if (model.stored === undefined) return { ...model, ...mergeLora(model, adapter) };
  return { ...model, adapter: model.adapter === undefined ? adapter : stackLora(model.config, model.adapter, adapter) };
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
  const { config, weights } = await asFloat32(model);
  const { torch_dtype: _old, ...json } = config.json;
  await writeJson(join(dir, 'config.json'), { ...json, dtype: 'float32' });
  if (options.generationConfig !== undefined) await writeJson(join(dir, GENERATION_CONFIG), options.generationConfig);
  await writeSafetensors(join(dir, WEIGHTS), weights);
}
