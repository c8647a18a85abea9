/** A text that an instrument reads too low or too high goes. */
import { z } from 'zod';
import { OBSERVATIONS } from '../observations/index.js';
import { hasLimits, LIMITS } from './settings.js';
import { tableName, type Operator, type Verdict } from './types.js';

const ofTexts = Object.entries(OBSERVATIONS).flatMap(([name, row]) =>
  row.of === 'texts' && 'columns' in row ? [[name, Object.keys(row.columns)] as const] : [],
);
const observation = z.enum(ofTexts.map(([name]) => name));
const column = z.enum([...new Set(ofTexts.flatMap(([, columns]) => columns))]);

const settings = z
  .strictObject({
    observation: observation.default('likelihood').describe('What is read of every text.'),
    column: column.describe('The number that is compared.'),
    per: column.optional().describe('Divided by this one: nll_sum per token_count is the mean of a token, in nats.'),
    under: z
      .enum(['first', 'writer'])
      .default('first')
      .describe('The model that reads: model 0 of the same member and seed, or the one that wrote.'),
    min: z.number().optional(),
    max: z.number().optional(),
  })
  .refine(({ min, max }) => hasLimits([min, max]), LIMITS)
  .check(({ value, issues }) => {
    const columns = ofTexts.find(([name]) => name === value.observation)![1];
    for (const key of ['column', 'per'] as const)
      if (value[key] !== undefined && !columns.includes(value[key]))
        issues.push({ code: 'custom', path: [key], message: `${value.observation} has no ${value[key]}`, input: value[key] });
  });

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
