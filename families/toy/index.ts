/** The cheap families by name. Adding one: a file beside this, a row here, its settings in spec/simulation. */
import type { WorldPlan } from '../../spec/simulation/plan.js';
import { gaussian } from './gaussian.js';
import type { ToyFamily } from './types.js';

const FAMILIES: { readonly [F in WorldPlan['family']]?: unknown } = { gaussian };

/** The family of a checked plan. */
export function familyNamed(name: WorldPlan['family']): ToyFamily {
  return FAMILIES[name] as ToyFamily;
}
