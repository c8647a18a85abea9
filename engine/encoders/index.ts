/** The encoders by config.json's model_type. */
import { HabsburgError } from '../../common/errors.js';
import { bert } from './bert.js';
import { distilbert } from './distilbert.js';
import { mpnet } from './mpnet.js';
import { roberta } from './roberta.js';
import type { EncoderArchitecture } from './types.js';

const ROWS: readonly unknown[] = [bert, roberta, distilbert, mpnet];

const ENCODERS = new Map((ROWS as readonly EncoderArchitecture[]).map((architecture) => [architecture.modelType, architecture]));

export const isEncoder = (modelType: string): boolean => ENCODERS.has(modelType);

/** @throws HabsburgError `invalid` when there is no such encoder */
export function encoderOf(modelType: unknown, file = 'config.json'): EncoderArchitecture {
  const architecture = ENCODERS.get(String(modelType));
  if (architecture === undefined)
    throw new HabsburgError(
      'invalid',
      `${file}: model_type ${JSON.stringify(modelType)} is no encoder that is known; known: ${[...ENCODERS.keys()].join(', ')}`,
    );
  return architecture;
}

/** The sequence classifiers that are read from weights, as config.json's architectures names them. */
export const CLASSIFIERS: readonly string[] = [...ENCODERS.values()].flatMap(({ classifier }) => classifier?.architecture ?? []);
