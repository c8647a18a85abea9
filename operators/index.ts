/** The operators by name. Adding one: a file beside this and a row here. */
import { HabsburgError } from '../common/errors.js';
import { curate } from './curate.js';
import { cut } from './cut.js';
import { dedupe } from './dedupe.js';
import { diverse } from './diverse.js';
import { dropCopied } from './drop-copied.js';
import { dropIncomplete } from './drop-incomplete.js';
import { dropRepetitive } from './drop-repetitive.js';
import { edit } from './edit.js';
import { language } from './language.js';
import { length } from './length.js';
import { quality } from './quality.js';
import { rank } from './rank.js';
import { resample } from './resample.js';
import { stop } from './stop.js';
import { threshold } from './threshold.js';
import { verify } from './verify.js';
import type { Operator } from './types.js';

export const operators: readonly Operator[] = [
  cut,
  dropIncomplete,
  dropCopied,
  dropRepetitive,
  dedupe,
  length,
  stop,
  language,
  quality,
  rank,
  threshold,
  verify,
  curate,
  resample,
  diverse,
  edit,
];

/** @throws HabsburgError 'invalid' for an unknown name */
export function operatorNamed(name: string): Operator {
  const found = operators.find((operator) => operator.name === name);
  if (!found)
    throw new HabsburgError('invalid', `this version has no operator ${name}; it has ${operators.map((o) => o.name).join(', ')}`);
  return found;
}
