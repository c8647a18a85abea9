/**
 * adapter_config.json: every field is obeyed, known to change nothing that an adapter computes, or refused by name. The rules are
 * PEFT 0.21's.
 */
import { HabsburgError } from '../../common/errors.js';
import { ALL_LINEAR } from '../adapters/lora.js';
import { STARTS, type Start } from '../adapters/start.js';
import type { ConfigJson } from '../models/types.js';

export interface AdapterConfig {
  readonly rank: number;
  /** what B A x is multiplied with */
  readonly scale: number;
  /** what of its base the adapter began as, and PEFT takes out of it */
  readonly start?: Start;
  /** whether the adapter changes the linear module of this name */
  readonly targets: (module: string) => boolean;
}

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
  kasa_config: [null],
  monteclora_config: [null],
};

/** Fields that other rules here obey. */
const OBEYED = [
  'r',
  'lora_alpha',
  'use_rslora',
  'init_lora_weights',
  'rank_pattern',
  'alpha_pattern',
  'target_modules',
  'exclude_modules',
  'layers_to_transform',
  'layers_pattern',
];

/** Fields about training, files and bookkeeping; fan_in_fan_out is set by how the module stores its weight, in PEFT too. */
const WITHOUT_EFFECT = [
  'auto_mapping', 'base_model_name_or_path', 'corda_config', 'ensure_weight_tying', 'eva_config', 'fan_in_fan_out', 'inference_mode',
  'loftq_config', 'lora_dropout', 'lora_ga_config', 'megatron_config', 'megatron_core', 'peft_version', 'qalora_group_size', 'revision',
  'runtime_config', 'task_type',
]; // prettier-ignore
const KNOWN: ReadonlySet<string> = new Set([...Object.keys(PLAIN), ...OBEYED, ...WITHOUT_EFFECT]);

/** Ways to start that leave the base as it is. */
const PLAIN_STARTS = ['gaussian', 'eva', 'orthogonal', 'mica'];

/** @throws HabsburgError `invalid` naming a setting that is not supported, `verification` without a valid rank and alpha */
export function parseAdapterConfig(json: ConfigJson, file: string): AdapterConfig {
  checkFields(json, file);
  const [rank, alpha] = [json.r, json.lora_alpha];
  if (!Number.isSafeInteger(rank) || (rank as number) < 1 || typeof alpha !== 'number')
    throw new HabsburgError('verification', `${file} has no valid r and lora_alpha`);
  return {
    rank: rank as number,
    scale: alpha / (json.use_rslora === true ? Math.sqrt(rank as number) : (rank as number)),
    start: startOf(json.init_lora_weights, file),
    targets: targetsOf(json, file),
  };
}

function checkFields(json: ConfigJson, file: string): void {
  for (const [name, values] of Object.entries(PLAIN)) {
    const value = json[name];
    if (value === undefined && name !== 'peft_type') continue;
    if (!values.includes(value) && !(isEmpty(value) && values.includes(null)))
      throw new HabsburgError(
        'invalid',
        `${file}: ${name} is supported as ${JSON.stringify(values[0])} only, not ${JSON.stringify(value)}`,
      );
  }
  for (const name of ['rank_pattern', 'alpha_pattern'])
    if (!isEmpty(json[name]))
      throw new HabsburgError('invalid', `${file}: ${name} is not supported: all modules must have one rank and one alpha`);
  // A field of a newer PEFT that is off is of no account.
  const unknown = Object.keys(json).find((name) => !KNOWN.has(name) && !isEmpty(json[name]));
  if (unknown !== undefined)
    throw new HabsburgError('invalid', `${file}: ${unknown} is not known, and may change what the adapter computes; take it out if it does not`); // prettier-ignore
}

/** Whether a field says nothing. */
function isEmpty(value: unknown): boolean {
  return (
    value === undefined || value === null || value === false || (typeof value === 'object' && Object.keys(value).length === 0)
  );
}

function startOf(init: unknown, file: string): Start | undefined {
  if (init === undefined || init === null || typeof init === 'boolean') return undefined;
  const name = String(init);
  if (PLAIN_STARTS.includes(name.toLowerCase())) return undefined;
  const start = STARTS.find((known) => known === (known === 'olora' ? name.toLowerCase() : name));
  if (start !== undefined) return start;
  const why = name.startsWith('pissa_niter_')
    ? 'its start was drawn at random and is not in the file; save it with PEFT as an ordinary adapter: save_pretrained(…, path_initial_model_for_weight_conversion=…)'
    : `known are true, false, ${[...PLAIN_STARTS, ...STARTS].join(', ')}`;
  throw new HabsburgError('invalid', `${file}: init_lora_weights ${JSON.stringify(init)} changes the base model and is not supported: ${why}`); // prettier-ignore
}

/** As PEFT chooses modules; those that a pattern chooses (a target_modules of one string) are the ones in the file of weights. */
function targetsOf(json: ConfigJson, file: string): (module: string) => boolean {
  const refuse = (name: string, what: string): never => {
    throw new HabsburgError('invalid', `${file}: ${name} is supported as ${what} only, not ${JSON.stringify(json[name])}`);
  };
  const names = (name: string): string[] | undefined => {
    const value = json[name];
    if (isEmpty(value)) return undefined;
    return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : refuse(name, 'a list of names');
  };
  const included = typeof json.target_modules === 'string' ? undefined : names('target_modules');
  const excluded = names('exclude_modules') ?? [];
  const pattern = json.layers_pattern;
  const patterns = typeof pattern === 'string' ? [pattern] : (names('layers_pattern') ?? []);
  if (patterns.some((name) => name !== 'layers' && name !== 'h')) refuse('layers_pattern', '"layers" or "h"');
  const wanted = json.layers_to_transform;
  const layers = isEmpty(wanted) ? undefined : Array.isArray(wanted) ? wanted : [wanted];
  if (layers?.some((layer) => !Number.isSafeInteger(layer))) refuse('layers_to_transform', 'a list of numbers');
  const matches = (module: string, name: string): boolean => module === name || module.endsWith(`.${name}`);
  return (module) =>
    (included === undefined || included.some((name) => name === ALL_LINEAR || matches(module, name))) &&
    !excluded.some((name) => matches(module, name)) &&
    (layers === undefined || layers.includes(Number(/\.(?:layers|h)\.(\d+)\./.exec(module)?.[1])));
}
