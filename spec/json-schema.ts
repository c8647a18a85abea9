/** The JSON Schema of experiment files, for editors. */
import { z } from 'zod';
import { experimentSchema } from './schema.js';
import { simulationSchema } from './simulation/schema.js';
import { vaeExperimentSchema } from './vae/schema.js';

/** Draft 7, which every YAML editor plug-in reads. */
export function experimentJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(z.union([experimentSchema, vaeExperimentSchema, simulationSchema]), {
    io: 'input',
    target: 'draft-7',
  }) as Record<string, unknown>;
}
