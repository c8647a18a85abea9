/** The optimisers by name: one more is a file and a row. Pure, and loads no onnxruntime. */
import type { NamedTensor } from '../../checkpoint/safetensors.js';
import { adafactor } from './adafactor.js';
import { adamw } from './adamw.js';
import { sgd } from './sgd.js';
import { Optimizer } from './optimizer.js';
import type { OptimizerKind, OptimizerSetting } from './types.js';

const OPTIMIZERS = { adamw, sgd, adafactor };

export type OptimizerName = keyof typeof OPTIMIZERS;
export const OPTIMIZER_NAMES = Object.keys(OPTIMIZERS) as [OptimizerName, ...OptimizerName[]];
export const DEFAULT_OPTIMIZER = 'adamw' satisfies OptimizerName;

type Settings = { [N in OptimizerName]: (typeof OPTIMIZERS)[N] extends OptimizerKind<infer S> ? S : never }[OptimizerName];
type NameOf<S> = S extends unknown ? keyof S : never;
type ValueOf<S, K> = S extends unknown ? (K extends keyof S ? S[K] : never) : never;

/** The settings of all optimisers; each has some of them. */
export type OptimizerSettings = { readonly [K in NameOf<Settings>]: ValueOf<Settings, K> };

/**
 * An optimiser as a plan has it. AdamW is not named and has all its settings; another is named, and settings that are its defaults are
 * left out, so that one more setting changes no plan's digest and no step's key.
 */
export interface OptimizerPlan extends Partial<OptimizerSettings> {
  readonly optimizer?: OptimizerName;
}

const kindOf = ({ optimizer = DEFAULT_OPTIMIZER }: OptimizerPlan): OptimizerKind<unknown> => OPTIMIZERS[optimizer];

/** An optimiser's settings, in the order of descriptions. */
export function settingsOf(optimizer: OptimizerName): [keyof OptimizerSettings, OptimizerSetting<unknown>][] {
  return Object.entries(OPTIMIZERS[optimizer].settings) as [keyof OptimizerSettings, OptimizerSetting<unknown>][];
}

/** The optimisers that have a setting. */
export function optimizersWith(setting: string): OptimizerName[] {
  return OPTIMIZER_NAMES.filter((name) => setting in OPTIMIZERS[name].settings);
}

/** Every setting of any optimiser, by name. */
export const OPTIMIZER_SETTINGS = [...new Set(OPTIMIZER_NAMES.flatMap((name) => settingsOf(name).map(([setting]) => setting)))];

/** What a plan says of what was given; settings of other optimisers are left out. */
export function optimizerPlan(given: OptimizerPlan): OptimizerPlan {
  const { optimizer = DEFAULT_OPTIMIZER } = given;
  const own = settingsOf(optimizer).map(([name, row]) => [name, given[name] ?? row.default, row.default] as const);
  if (optimizer === DEFAULT_OPTIMIZER) return Object.fromEntries(own);
  const changed = own.filter(([, value, usual]) => JSON.stringify(value) !== JSON.stringify(usual));
  return { optimizer, ...Object.fromEntries(changed) };
}

/**
 * @param initial start values, copied in
 * @param plan its clip: largest global gradient norm; 0: no clipping
 */
export function createOptimizer(
  initial: ReadonlyMap<string, NamedTensor>,
  plan: OptimizerPlan & { readonly clip: number },
): Optimizer {
  const { optimizer = DEFAULT_OPTIMIZER } = plan;
  const settings = Object.fromEntries(settingsOf(optimizer).map(([name, row]) => [name, plan[name] ?? row.default]));
  return new Optimizer(initial, kindOf(plan).rule(settings), plan.clip);
}

/** Such as "SGD (momentum 0.9)": what is not the default in brackets. */
export function optimizerWords(plan: OptimizerPlan): string {
  const { optimizer = DEFAULT_OPTIMIZER } = plan;
  const changed = settingsOf(optimizer).filter(
    ([name, row]) => plan[name] !== undefined && JSON.stringify(plan[name]) !== JSON.stringify(row.default),
  );
  const words = changed.flatMap(([name, row]) => (row.words ? [row.words(plan[name])] : []));
  return `${kindOf(plan).words}${words.length > 0 ? ` (${words.join(', ')})` : ''}`;
}
