/**
 * PEFT adapter folders in and out: adapter_config.json and adapter_model.safetensors. What is written loads in `peft` unchanged;
 * what PEFT can say and the engine cannot compute is refused by name.
 */
import { join } from 'node:path';
import { HabsburgError } from '../../common/errors.js';
import { linearModules, loraA, loraB, type Lora } from '../adapters/lora.js';
import type { ConfigJson, DecoderConfig } from '../models/types.js';
import { readJsonObject, writeJson } from './json.js';
import { readSafetensors, writeSafetensors, type Weights } from './safetensors.js';

const CONFIG = 'adapter_config.json';
const WEIGHTS = 'adapter_model.safetensors';
const PREFIX = 'base_model.model.';

/** Fields that change what an adapter computes, with the values under which they do not. */
const PLAIN: Readonly<Record<string, readonly unknown[]>> = {
  peft_type: ['LORA'],
  bias: ['none'],
  use_dora: [false],
  use_qalora: [false],
  use_bdlora: [null, false],
  lora_bias: [false],
  modules_to_save: [null],
  trainable_token_indices: [null],
  target_parameters: [null],
  layer_replication: [null],
  alora_invocation_tokens: [null],
  arrow_config: [null],
  velora_config: [null],
};

/** What the settings of an adapter that is written say beside its weights. */
export interface AdapterSettings {
  readonly alpha: number;
  readonly dropout: number;
  readonly targets: readonly string[];
  /** folder or name of the base model; null: not said */
  readonly base: string | null;
}

/**
 * Reads an adapter for a model.
 * @throws HabsburgError `notFound` when a file is missing, `verification` when one is damaged or does not fit the model, `invalid`
 *   naming a setting that is not supported
 */
export async function loadAdapter(dir: string, config: DecoderConfig): Promise<Lora> {
  const file = join(dir, CONFIG);
  const json = await readJsonObject(file);
  for (const [name, values] of Object.entries(PLAIN)) {
    const value = json[name];
    if (value === undefined && name !== 'peft_type') continue;
    const empty = Array.isArray(value) && value.length === 0;
    if (!values.includes(value) && !(empty && values.includes(null)))
      throw new HabsburgError(
        'invalid',
        `${file}: ${name} is supported as ${JSON.stringify(values[0])} only, not ${JSON.stringify(value)}`,
      );
  }
  for (const name of ['rank_pattern', 'alpha_pattern'])
    if (Object.keys((json[name] ?? {}) as object).length > 0)
      throw new HabsburgError('invalid', `${file}: ${name} is not supported: all modules must have one rank and one alpha`);
  const [rank, alpha] = [json.r, json.lora_alpha];
  if (!Number.isSafeInteger(rank) || (rank as number) < 1 || typeof alpha !== 'number')
    throw new HabsburgError('verification', `${file} has no valid r and lora_alpha`);
  const scale = alpha / (json.use_rslora === true ? Math.sqrt(rank as number) : (rank as number));
  return { rank: rank as number, scale, weights: matchModules(await readSafetensors(join(dir, WEIGHTS)), config, rank as number, join(dir, WEIGHTS)) }; // prettier-ignore
}

/** The file's tensors under our names, in the model's order. */
function matchModules(found: Weights, config: DecoderConfig, rank: number, file: string): Weights {
  const weights: Weights = new Map();
  const left = new Map(found);
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
      weights.set(name, tensor);
      left.delete(`${PREFIX}${name}`);
    }
  }
  const [extra] = left.keys();
  if (extra !== undefined)
    throw new HabsburgError(
      'verification',
      `${file} holds ${extra}, which belongs to no linear module of this ${config.modelType} model`,
    );
  if (weights.size === 0) throw new HabsburgError('verification', `${file} holds no adapter weights`);
  return weights;
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
