/** A text that an instrument reads too low or too high goes. */
import { z } from 'zod';
import { hasLimits, LIMITS } from './settings.js';
import { tableName, type Operator, type Verdict } from './types.js';

/** The columns of observations of texts, as observations/ declares them. */
export const COLUMNS = {
  likelihood: ['nll_sum', 'token_count', 'end_nll_sum', 'end_token_count'],
} as const;

const observations = Object.keys(COLUMNS) as [keyof typeof COLUMNS];
const column = z.enum([...new Set(Object.values(COLUMNS).flat())]);

const settings = z
  .strictObject({
    observation: z.enum(observations).default('likelihood').describe('What is read of every text.'),
    column: column.describe('The number that is compared.'),
    per: column.optional().describe('Divided by this one: nll_sum per token_count is the mean of a token, in nats.'),
    under: z
      .enum(['first', 'writer'])
      .default('first')
      .describe('The model that reads: model 0 of the same member and seed, or the one that wrote.'),
    min: z.number().optional(),
    max: z.number().optional(),
  })
  .refine(({ min, max }) => hasLimits([min, max]), LIMITS);

export const threshold: Operator<typeof settings> = {
  name: 'threshold',
  version: 1,
  summary:
    'A text for which `column` (divided by `per`) of an observation is below `min` or above `max`, or no number, is removed.',
  settings,
  needs: ({ observation, under }) => [{ observation, under }],
  apply(texts, { observation, column, per, under, min = -Infinity, max = Infinity }, tables) {
    const { columns } = tables[tableName({ observation, under })];
    return texts.map((_, i): Verdict => {
      const value = columns[column][i] / (per === undefined ? 1 : columns[per][i]);
      return value >= min && value <= max ? 'keep' : 'remove';
    });
  },
};
