// Writes schemas/experiment.schema.json from spec/json-schema.ts. Run `npm run build` first.
import { writeFileSync } from 'node:fs';
import { experimentJsonSchema } from '../dist/spec/json-schema.js';

writeFileSync(
  new URL('../schemas/experiment.schema.json', import.meta.url),
  `${JSON.stringify(experimentJsonSchema(), null, 2)}\n`,
);
