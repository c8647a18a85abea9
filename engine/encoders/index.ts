/** The encoders by config.json's model_type. */
import { HabsburgError } from '../../common/errors.js';
import { bert } from './bert.js';
import { mpnet } from './mpnet.js';
import type { EncoderArchitecture } from './types.js';

const ROWS: readonly unknown[] = [bert, mpnet];

const ENCODERS = new Map((ROWS as readonly EncoderArchitecture[]).map((architecture) => [architecture.modelType, architecture]));

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
