/** The grammar of conditions and their phases, whatever their members are. */
import { z } from 'zod';
import { conditionDataSchema } from './condition-data.js';
import { mixtureSchema } from './mixture-schema.js';
import { name, seed } from './shared.js';

const changes = {
  mixture: mixtureSchema.optional().describe('Of the members that have none of their own: {kind: …}, or a list of terms.'),
  override: z
    .record(z.string(), z.record(z.string(), z.unknown()))
    .optional()
    .describe(
      'Member name -> settings that differ under this condition, merged deeply; an object of another `kind` replaces, null removes.',
    ),
};

const phase = z.strictObject({
  from: z
    .int()
    .min(1)
    .max(1_000_000)
    .describe('The first generation that it holds for; it holds until another phase says otherwise.'),
  mixture: changes.mixture.describe('In place of the condition’s mixture.'),
  override: changes.override.describe('Member name -> settings that differ from then on, merged into those before.'),
});

/** A condition as the file says it. */
export const conditionSchema = z.strictObject({
  name,
  ...changes,
  generations: z
    .int()
    .min(0)
    .max(1_000_000)
    .optional()
    .describe('Its last generation, where it ends before the experiment does; 0: a line to compare with. Default: generations.'),
  seeds: z
    .array(seed)
    .min(1)
    .max(1_000_000)
    .optional()
    .describe('Its seeds, where these are not all of the experiment: a line to compare with may have fewer. Default: seeds.'),
  data: conditionDataSchema,
  phases: z
    .array(phase)
    .min(1)
    .max(100)
    .optional()
    .describe('What changes from a generation on, in the order of generations. Earlier generations are as without.'),
});

export type ConditionDocument = z.output<typeof conditionSchema>;
