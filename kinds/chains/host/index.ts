/** The cheap families by name. Adding one: a file beside this, a row here; docs/design.md (Where to add) has what else it needs. */
import type { WorldPlan } from '../plan.js';
import { discrete } from './discrete.js';
import { gaussian } from './gaussian.js';
import { gmm } from './gmm.js';
import { kde } from './kde.js';
import { ngram } from './ngram.js';
import { regression } from './regression.js';
import type { ChainFamily } from './types.js';

const FAMILIES: { readonly [F in WorldPlan['family']]: unknown } = { discrete, gaussian, gmm, kde, regression, 'n-gram': ngram };

/** The family of a checked plan. */
export function familyNamed(name: WorldPlan['family']): ChainFamily {
  return FAMILIES[name] as ChainFamily;
}
