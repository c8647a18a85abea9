/** sample: draws a member's training set from the pool by its mixture. Outputs `train`, a dataset. */
import { join } from 'node:path';
import { CounterRng } from '../common/philox.js';
import { HabsburgError } from '../common/errors.js';
import { RECORDS_FILE, readAllRecords, writeRecords } from '../data/records.js';
import { drawTrainingSet } from '../data/sample.js';
import { runStep } from './step.js';
import type { ActivityDependencies, SampleInput, StepResult } from './types.js';

const VERSION = 1;

export function sampleActivity(deps: ActivityDependencies) {
  return ({ place, mixture, real, generated }: SampleInput): Promise<StepResult> =>
    runStep(
      deps,
      {
        step: 'sample',
        version: VERSION,
        place,
        inputs: { real, ...Object.fromEntries(generated.map((ref, i) => [`generated-${i}`, ref])) },
        parameters: { mixture },
        engine: false,
      },
      async (step) => {
        if (generated.length !== 1)
          throw new HabsburgError('invalid', `internal: a mixture of ${generated.length} sources reached the sample step`);
        const out = await step.folder('train');
        const rng = new CounterRng({ seed: place.seed, generation: place.generation, member: place.member, step: 'sample' });
        const drawn = drawTrainingSet({
          mixture,
          real: await readAllRecords(await step.input(real)),
          previous: await readAllRecords(await step.input(generated[0])),
          rng,
        });
        const records = await writeRecords(join(out, RECORDS_FILE), drawn);
        const kept = drawn.filter((record) => record.origin.kind === 'real').length;
        return {
          outputs: { train: { kind: 'dataset', folder: out, facts: { records, real: kept } } },
          report: { records, real: kept },
        };
      },
    );
}
