/** How artifacts and steps are called, wherever they are told of. Names in them are whoever's: what prints them makes them visible. */
import { hexOf } from '../artifacts/keys.js';
import type { ArtifactRef } from '../artifacts/types.js';
import type { Digest } from '../common/canonical.js';
import type { Made } from './graph.js';

/** So many digits of a digest are enough for eyes, and for commands. */
export const shortOf = (digest: Digest): string => hexOf(digest).slice(0, 12);

/** "model 50ca0f5a8e4b" */
export const refWords = ({ kind, digest }: Pick<ArtifactRef, 'kind' | 'digest'>): string => `${kind} ${shortOf(digest)}`;

/** "finetune of opt, generation 3" */
export const stepWords = ({ step, member, generation }: Pick<Made, 'step' | 'member' | 'generation'>): string =>
  member === '' ? step : `${step} of ${member}, generation ${generation}`;
