/** Several continuations of each prompt, as candidates to choose from. */
import { z } from 'zod';
import type { DecodingSetting } from './settings.js';

/** Each is a row of its own, with draws of its own: with beams, too, where transformers returns the best beams of one search. */
export const numReturnSequences: DecodingSetting<number> = {
  schema: z.int().min(1).max(1000),
  off: 1,
  help: 'so many continuations of each prompt, each drawn by itself',
  only: 'sampling',
  words: (value) => `${value} candidates a prompt`,
};
