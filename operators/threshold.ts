/** A text that an instrument reads too low or too high goes. */
import { z } from 'zod';
import { checkReading, readingFields, readingNeeds, readingsOf } from './reading.js';
import { hasLimits, LIMITS } from './settings.js';
import type { Operator, Verdict } from './types.js';

const settings = z
  .strictObject({ ...readingFields, min: z.number().optional(), max: z.number().optional() })
  .refine(({ min, max }) => hasLimits([min, max]), LIMITS)
  .check(checkReading);

export const threshold: Operator<typeof settings> = {
  name: 'threshold',
  version: 1,
  summary:
    'A text for which `column` (divided by `per`) of an observation is below `min` or above `max`, or no number, is removed.',
  settings,
  needs: readingNeeds,
  apply(texts, { min = -Infinity, max = Infinity, ...reading }, tables) {
    return readingsOf(texts, reading, tables).map((value): Verdict => (value >= min && value <= max ? 'keep' : 'remove'));
  },
};
