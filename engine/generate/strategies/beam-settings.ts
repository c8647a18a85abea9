/** Settings of the strategies with beams. */
import { z } from 'zod';
import type { DecodingSetting } from '../settings.js';

export const beams: DecodingSetting<number> = {
  schema: z.int().min(2).max(100),
  off: 1,
  help: 'sequences of a prompt that are kept side by side',
  only: 'beams',
  words: (value) => `${value} beams`,
  flag: '--num-beams',
};

export const lengthPenalty: DecodingSetting<number> = {
  schema: z.number().min(-10).max(10),
  off: 1,
  help: 'a finished sequence counts its log-probability / length to this power',
  only: 'beams',
  words: (value) => `length penalty ${value}`,
};

export const earlyStopping: DecodingSetting<boolean | 'never'> = {
  schema: z.literal([true, false, 'never']),
  off: false,
  help: 'true: as many finished sequences as beams are enough; false: stop when a better one is unlikely; never: when none is possible',
  only: 'beams',
  words: (value) => `early stopping ${value}`,
};
