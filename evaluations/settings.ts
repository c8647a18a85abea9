/** Settings that several evaluations share. */
import { z } from 'zod';

export const TOKENS = z.strictObject({
  tokens: z
    .int()
    .min(0)
    .max(1e9)
    .default(50_000)
    .describe('Count over the first so many written tokens, so that sizes are equal; 0: all.'),
});

export const WORDS = z.strictObject({
  words: z
    .int()
    .min(1)
    .max(1e9)
    .default(10_000)
    .describe('Count over the first so many whole written words, so that sizes are equal.'),
});

export const IMAGES = z.strictObject({
  images: z
    .int()
    .min(0)
    .max(1e9)
    .default(0)
    .describe('Codes of the first so many written images; 0: of all. The paper takes 100.'),
});

export const NONE = z.strictObject({});
