/** The settings of all optimisers as fields of a grammar; what is said of one by each that has it. */
import { z } from 'zod';
import {
  DEFAULT_OPTIMIZER,
  OPTIMIZER_NAMES,
  OPTIMIZER_SETTINGS,
  optimizersWith,
  settingsOf,
  type OptimizerSettings,
} from './index.js';

type OptimizerFields = { [K in keyof OptimizerSettings]: z.ZodOptional<z.ZodType<OptimizerSettings[K]>> };

const settings = Object.fromEntries(
  OPTIMIZER_SETTINGS.map((name) => {
    const rows = optimizersWith(name).map((optimizer) => [optimizer, Object.fromEntries(settingsOf(optimizer))[name]] as const);
    const words = rows.map(([optimizer, row]) => `With ${optimizer}: ${row.help}. Default: ${JSON.stringify(row.default)}.`);
    return [name, rows[0][1].schema.optional().describe(words.join(' '))];
  }),
) as OptimizerFields;

export const optimizerFields = {
  optimizer: z.enum(OPTIMIZER_NAMES).optional().describe(`What takes the steps. Default: ${DEFAULT_OPTIMIZER}.`),
  ...settings,
};
