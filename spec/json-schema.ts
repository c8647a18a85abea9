/** The JSON Schema of experiment files, for editors. */
import { z } from 'zod';
import { anyExperimentSchema } from './schema.js';

/** Draft 7, which every YAML editor plug-in reads. */
export function experimentJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(anyExperimentSchema(), { io: 'input', target: 'draft-7' }) as Record<string, unknown>;
}
