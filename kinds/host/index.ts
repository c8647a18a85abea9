/** The families by name. Adding one: a file beside this, a row here, its name in the schema. */
import { HabsburgError } from '../../common/errors.js';
import { languageModel } from '../text/host/language-model.js';
import type { Family } from './types.js';
import { vae } from '../images/host/vae.js';

const FAMILIES: readonly Family[] = [languageModel, vae];

/** @throws HabsburgError 'invalid' for an unknown name */
export function familyOf(name: string): Family {
  const family = FAMILIES.find((f) => f.name === name);
  if (!family) throw new HabsburgError('invalid', `there is no family ${name}; known: ${FAMILIES.map((f) => f.name).join(', ')}`);
  return family;
}
