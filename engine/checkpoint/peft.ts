/**
 * PEFT adapter folders in and out: adapter_config.json and adapter_model.safetensors. What is written loads in `peft` unchanged;
 * what PEFT can say and the engine cannot compute is refused by name.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HabsburgError, isHabsburgError } from '../../common/errors.js';
import { linearModules, loraA, loraB, stackLora, type Lora } from '../adapters/lora.js';
import { startOf, type Start } from '../adapters/start.js';
import { architectureOf } from '../models/index.js';
import { HEAD, type ConfigJson, type DecoderConfig } from '../models/types.js';
import type { Model } from './huggingface.js';
import { readJsonObject, writeJson } from './json.js';
import { parseAdapterConfig } from './peft-config.js';
import { readPytorch } from './pytorch.js';
import { readSafetensors, writeSafetensors, type Weights } from './safetensors.js';
import { readStored, transposed } from './stored.js';

const CONFIG = 'adapter_config.json';
const WEIGHTS = 'adapter_model.safetensors';
const PYTORCH_WEIGHTS = 'adapter_model.bin';
const PREFIX = 'base_model.model.';

/** What the settings of an adapter that is written say beside its weights. */
export interface AdapterSettings {
  readonly alpha: number;
  readonly dropout: number;
  readonly targets: readonly string[];
  /** folder or name of the base model; null: not said */
  readonly base: string | null;
}

/** An adapter, and what lies in its file in place of weights of the model. */
export interface Adapter extends Lora {
  /** embedding or output layer, whole, under our names: PEFT saves them where a vocabulary was resized */
  readonly tables?: Weights;
}

/**
 * Reads an adapter for a model.
 * @throws HabsburgError `notFound` when a file is missing, `verification` when one is damaged or does not fit the model, `invalid`
 *   naming a setting that is not supported
 */
export async function loadAdapter(dir: string, model: Model): Promise<Adapter> {
  const file = join(dir, CONFIG);
  if (await stat(dir).then((found) => found.isFile(), () => false))
    throw new HabsburgError('invalid', `${dir} is a file; an adapter is given as its folder, with ${CONFIG} and ${WEIGHTS}`); // prettier-ignore
  const { rank, scale, start, targets } = parseAdapterConfig(await readJsonObject(file), file);
  const { found, weightsFile } = await readWeights(dir);
  const left = withoutNames(found, weightsFile);
  const tables = takeTables(left, model.config, weightsFile);
  const weights = matchModules(left, model.config, rank, targets, weightsFile);
  const lora: Lora = { rank, scale, weights };
  const whole = start === undefined ? lora : stackLora(model.config, lora, await taken(start, model, lora, file));
  return { ...whole, ...(tables.size > 0 && { tables }) };
}

/** The file of weights, or the one of before PEFT 0.6. */
async function readWeights(dir: string): Promise<{ found: Weights; weightsFile: string }> {
  const weightsFile = join(dir, WEIGHTS);
  try {
    return { found: await readSafetensors(weightsFile), weightsFile };
  } catch (error) {
    const older = join(dir, PYTORCH_WEIGHTS);
    const there = isHabsburgError(error) && error.kind === 'notFound' && (await stat(older).catch(() => undefined));
    if (!there) throw error;
    return { found: await readPytorch(older), weightsFile: older };
  }
}

/** The tensors under PEFT's names, which in some files have the adapter's own name inside. */
function withoutNames(found: Weights, file: string): Weights {
  const weights: Weights = new Map();
  for (const [name, tensor] of found) {
    const plain = name.replace(/\.(lora_[AB])\.[^.]+\.weight$/, '.$1.weight');
    if (weights.has(plain))
      throw new HabsburgError('verification', `${file} holds ${plain} twice, of several adapters; save the one that is meant by itself`); // prettier-ignore
    weights.set(plain, tensor);
  }
  return weights;
}

/** Takes the embedding and the output layer out of the file's tensors. */
function takeTables(left: Weights, config: DecoderConfig, file: string): Weights {
  const architecture = architectureOf(config.modelType);
  const shapes = new Map(architecture.parameters(config).map(({ name, shape, linear }) => [name, linear === undefined && shape[0] === config.vocabularySize ? shape : undefined])); // prettier-ignore
  const tables: Weights = new Map();
  for (const [key, tensor] of left) {
    const name = architecture.canonicalName(key.startsWith(PREFIX) ? key.slice(PREFIX.length) : key);
    const isHead = name === (architecture.head ?? HEAD);
    const target = isHead ? architecture.headWeight(config) : name;
    if (target === undefined || (shapes.get(target) === undefined && !isHead)) continue;
    const shape = shapes.get(target)!;
    if (tensor.shape.join() !== shape.join())
      throw new HabsburgError(
        'verification',
        `${file}: ${key} has shape (${tensor.shape.join(', ')}), the model's (${shape.join(', ')}); the adapter is for a vocabulary of another size: resize the model's with transformers first`,
      );
    const other = tables.get(target);
    if (other !== undefined && !other.data.every((x, i) => x === tensor.data[i]))
      throw new HabsburgError('verification', `${file} holds an embedding and an output layer that differ, which the model ties`);
    tables.set(target, tensor);
    left.delete(key);
  }
  return tables;
}

/** The modules' tensors under our names, in the model's order; those of modules that the config does not choose are left out. */
function matchModules(
  left: Weights,
  config: DecoderConfig,
  rank: number,
  targets: (module: string) => boolean,
  file: string,
): Weights {
  const weights: Weights = new Map();
  for (const module of linearModules(config)) {
    const shapes = { [loraA(module.name)]: [rank, module.in], [loraB(module.name)]: [module.out, rank] };
    if (!Object.keys(shapes).some((name) => left.has(`${PREFIX}${name}`))) continue;
    for (const [name, shape] of Object.entries(shapes)) {
      const tensor = left.get(`${PREFIX}${name}`);
      if (tensor?.shape.join() !== shape.join())
        throw new HabsburgError(
          'verification',
          `${file}: ${PREFIX}${name} must have shape (${shape.join(', ')}) for this model, not ${tensor === undefined ? 'missing' : `(${tensor.shape.join(', ')})`}`,
        );
      if (targets(module.name)) weights.set(name, tensor);
      left.delete(`${PREFIX}${name}`);
    }
  }
  const [extra] = left.keys();
  if (extra !== undefined)
    throw new HabsburgError(
      'verification',
      `${file} holds ${extra}, which belongs to no linear module of this ${config.modelType} model`,
    );
  if (weights.size === 0)
    throw new HabsburgError('verification', `${file} holds no weights of the modules that its config names`);
  return weights;
}

/** What PEFT takes out of the base of such an adapter, as an adapter that subtracts it. */
async function taken(start: Start, model: Model, { rank, scale, weights }: Lora, file: string): Promise<Lora> {
  if (model.adapter !== undefined)
    throw new HabsburgError('invalid', `${file}: init_lora_weights ${JSON.stringify(start)} is supported beside a base without another adapter only`); // prettier-ignore
  const parts: Weights = new Map();
  for (const module of linearModules(model.config)) {
    if (!weights.has(loraA(module.name))) continue;
    if (start === 'olora' && module.stored === 'in-out')
      throw new HabsburgError('invalid', `${file}: init_lora_weights "olora" is not supported for ${model.config.modelType}, nor by PEFT`); // prettier-ignore
    const name = `${module.name}.weight`;
    const stored = model.stored?.get(name);
    const data = stored === undefined ? model.weights.get(name)!.data : await readStored(stored);
    const matrix = { rows: module.out, columns: module.in, data: module.stored === 'in-out' ? transposed(data, module.in, module.out) : data }; // prettier-ignore
    const { a, b } = startOf(start, matrix, rank, scale);
    parts.set(loraA(module.name), { shape: [rank, module.in], data: Float32Array.from(a) });
    parts.set(loraB(module.name), { shape: [module.out, rank], data: Float32Array.from(b) });
  }
  return { rank, scale: -1, weights: parts };
}

/** Writes an adapter into an existing folder. */
export async function saveAdapter(dir: string, config: DecoderConfig, lora: Lora, settings: AdapterSettings): Promise<void> {
  const [targets] = settings.targets.length === 1 && settings.targets[0] === 'all-linear' ? ['all-linear'] : [settings.targets];
  await writeJson(join(dir, CONFIG), {
    base_model_name_or_path: settings.base,
    bias: 'none',
    fan_in_fan_out: linearModules(config).some(({ stored }) => stored === 'in-out'),
    inference_mode: true,
    init_lora_weights: true,
    lora_alpha: settings.alpha,
    lora_dropout: settings.dropout,
    modules_to_save: null,
    peft_type: 'LORA',
    r: lora.rank,
    target_modules: targets,
    task_type: 'CAUSAL_LM',
    use_dora: false,
    use_rslora: false,
  } satisfies ConfigJson);
  await writeSafetensors(join(dir, WEIGHTS), new Map([...lora.weights].map(([name, tensor]) => [`${PREFIX}${name}`, tensor])));
}
