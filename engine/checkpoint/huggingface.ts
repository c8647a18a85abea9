/**
 * Hugging Face model folders in and out: config.json, the weights, generation_config.json. What is
 * written loads in `transformers` unchanged and reads back bit for bit.
 */
import { readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fromSystemError, HabsburgError, isHabsburgError } from '../../common/errors.js';
import type { Device } from '../devices.js';
import { mergeLora, stackLora, type Lora } from '../adapters/lora.js';
import { architectureOf, parseConfig } from '../models/index.js';
import { HEAD, type ConfigJson, type DecoderConfig } from '../models/types.js';
import { isGguf } from './gguf.js';
import { readGgufModel } from './gguf-model.js';
import { readJsonObject, writeJson } from './json.js';
import { loadAdapter, type Adapter } from './peft.js';
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
  /** generation_config.json's content; absent where there is none */
  readonly generationConfig?: ConfigJson;
}

export const WEIGHTS = 'model.safetensors';
export const GENERATION_CONFIG = 'generation_config.json';

/** A checkpoint whose weights have not been read: what each parameter is in its files, in the architecture's order. */
export interface OpenCheckpoint {
  readonly config: DecoderConfig;
  readonly generationConfig?: ConfigJson;
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
  const adapter = quantized ? await loadAdapterBeside(dir, { config, weights, stored }) : undefined;
  return {
    config,
    weights,
    ...(generationConfig && { generationConfig }),
    ...(stored.size > 0 && { stored }),
    ...(adapter && { adapter }),
  };
}

/** Opens a checkpoint and checks that it holds the parameters which its config asks for; errors as loadCheckpoint's. */
export async function openCheckpoint(dir: string): Promise<OpenCheckpoint> {
  if (await isGguf(dir)) {
    const { json, sources } = await readGgufModel(dir);
    return { ...(await matchParameters(sources, parseConfig(json, dir), dir, false)), quantized: false };
  }
  await checkFolder(dir);
  const configFile = join(dir, 'config.json');
  const config = parseConfig(await readJsonObject(configFile), configFile);
  const quantized = isQuantized(config.json, configFile);
  const generationConfig = await readJsonObject(join(dir, GENERATION_CONFIG)).catch((error: unknown) => {
    if (isHabsburgError(error) && error.kind === 'notFound') return undefined;
    throw error;
  });
  return { ...(await matchParameters(await openWeights(dir), config, dir, quantized)), generationConfig, quantized };
}

/** @throws HabsburgError that says what a path is that is no model's folder, and what is meant instead */
async function checkFolder(dir: string): Promise<void> {
  const found = await stat(dir).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && /^hf:\/\/|^[\w.-]+\/[\w.-]+$/.test(dir))
      throw new HabsburgError(
        'notFound',
        `there is no folder ${dir}; a model is read from a folder or a .gguf file here: fetch a repository of the Hub first (hf download OWNER/NAME --local-dir DIR), or name it in an experiment as hf://OWNER/NAME@REVISION`,
      );
    throw fromSystemError(error, `cannot read ${dir}`);
  });
  if (!found.isDirectory())
    throw new HabsburgError('invalid', `${dir} is a file; a model is given as the folder of its config.json and weights, such as ${dirname(dir)}, or as a .gguf file`); // prettier-ignore
  const names = await readdir(dir).catch((error: unknown) => {
    throw fromSystemError(error, `cannot read ${dir}`);
  });
  if (names.includes('config.json')) return;
  const gguf = names.find((name) => name.endsWith('.gguf'));
  if (gguf !== undefined)
    throw new HabsburgError('notFound', `${dir} has no config.json; give the GGUF file in it instead: ${join(dir, gguf)}`);
  if (names.includes('adapter_config.json'))
    throw new HabsburgError('notFound', `${dir} holds an adapter and no model; give the model that it belongs to, and this folder as the adapter`); // prettier-ignore
  throw new HabsburgError('notFound', `${dir} has no config.json; a model is a folder with config.json and weights, or a .gguf file`); // prettier-ignore
}

/** Beside a language model in its file, and no part of it: TRL's value head. */
const BESIDE = /^v_head\./;

/**
 * Brings a file's tensors to our names, in the architecture's order, and checks that they are exactly its parameters.
 * @returns them, and the config: its output layer is its own where the file says so and the config does not
 */
async function matchParameters(
  found: TensorSources,
  parsed: DecoderConfig,
  dir: string,
  quantized: boolean,
): Promise<Pick<OpenCheckpoint, 'config' | 'sources'>> {
  const architecture = architectureOf(parsed.modelType);
  if (parsed.layers > found.size)
    throw new HabsburgError('verification', `${dir}: its config.json asks for ${parsed.layers} layers, its weights are ${found.size} tensors in all`); // prettier-ignore
  const renamed = new Map<string, TensorSource>();
  for (const [name, source] of found) {
    const canonical = quantized ? name : architecture.canonicalName(name); // ours are written under our names
    if (canonical === undefined || BESIDE.test(name)) continue;
    if (renamed.has(canonical)) throw new HabsburgError('verification', `${dir} holds the weight ${canonical} under two names`);
    renamed.set(canonical, source);
  }
  const config = await settleHead(parsed, renamed, dir);
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
  return { config, sources };
}

/**
 * What becomes of an output layer in the file of a model whose config ties it to the embedding, as in transformers: an equal one is
 * left out, one without an embedding beside it is the embedding too, and a different one stays: then the config no longer ties them.
 */
async function settleHead(config: DecoderConfig, renamed: Map<string, TensorSource>, dir: string): Promise<DecoderConfig> {
  const { head: own = HEAD, headWeight } = architectureOf(config.modelType);
  const tiedTo = headWeight(config);
  const head = renamed.get(own);
  if (tiedTo === own || head === undefined) return config;
  const embedding = renamed.get(tiedTo);
  if (embedding !== undefined && !(await sameNumbers(head, embedding)))
    return parseConfig({ ...config.json, tie_word_embeddings: false }, dir);
  renamed.delete(own);
  renamed.set(tiedTo, embedding ?? head);
  return config;
}

async function sameNumbers(a: TensorSource, b: TensorSource): Promise<boolean> {
  if (a.shape.join() !== b.shape.join()) return false;
  const [first, second] = [await a.read(), await b.read()];
  return first.every((x, i) => x === second[i]);
}

/** An adapter in the folder of quantised weights belongs to them. */
async function loadAdapterBeside(dir: string, model: Model): Promise<Lora | undefined> {
  try {
    return await loadAdapter(dir, model);
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
export function withAdapter<M extends Model>(base: M, { tables, ...adapter }: Adapter): M {
  const model = tables === undefined ? base : withTables(base, tables);
  if (model.stored === undefined) return { ...model, ...mergeLora(model, adapter) };
  return { ...model, adapter: model.adapter === undefined ? adapter : stackLora(model.config, model.adapter, adapter) };
}

function withTables<M extends Model>(model: M, tables: Weights): M {
  const stored = model.stored && new Map([...model.stored].filter(([name]) => !tables.has(name)));
  return { ...model, weights: new Map([...model.weights, ...tables]), ...(stored && { stored }) };
}

/**
 * Writes config.json, model.safetensors and, where the model came with one, generation_config.json into an existing folder. The
 * weights are float32, and the config says so.
 */
export async function saveCheckpoint(dir: string, model: Model & { readonly generationConfig?: ConfigJson }): Promise<void> {
  const { config, weights } = await asFloat32(model);
  const { torch_dtype: _old, ...json } = config.json;
  await writeJson(join(dir, 'config.json'), { ...json, dtype: 'float32' });
  await saveGenerationConfig(dir, config, model.generationConfig);
  await writeSafetensors(join(dir, WEIGHTS), weights);
}

/**
 * transformers makes one of config.json where there is none, and asks config.json for nothing where there is one: so the ids that we
 * take from there stand in it.
 */
export async function saveGenerationConfig(dir: string, { json }: DecoderConfig, generationConfig?: ConfigJson): Promise<void> {
  if (generationConfig === undefined || Object.keys(generationConfig).length === 0) return;
  const ids = ['bos_token_id', 'eos_token_id', 'pad_token_id'].filter((name) => (json[name] ?? null) !== null);
  const taken = Object.fromEntries(ids.map((name) => [name, json[name]]));
  await writeJson(join(dir, GENERATION_CONFIG), { ...taken, ...generationConfig });
}
