/** sample: draws a member's training set from the pool by its mixture. Outputs `train`, a dataset. */
import { join } from 'node:path';
import { CounterRng } from '../common/philox.js';
import { HabsburgError } from '../common/errors.js';
import { holdsImages, readImageRecords, writeImageRecords } from '../data/images.js';
import { RECORDS_FILE, readAllRecords, writeRecords } from '../data/records.js';
import type { RecordHead } from '../data/records.js';
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
        const draw = async <R extends RecordHead>(
          read: (folder: string) => Promise<R[]>,
          write: (records: R[]) => Promise<number>,
        ): Promise<{ records: number; real: number }> => {
          const drawn = drawTrainingSet({
            mixture,
            real: await read(await step.input(real)),
            previous: await read(await step.input(generated[0])),
            rng,
          });
          return { records: await write(drawn), real: drawn.filter((record) => record.origin.kind === 'real').length };
        };
        const report = (await holdsImages(await step.input(real)))
          ? await draw(readImageRecords, (drawn) => writeImageRecords(out, drawn))
          : await draw(readAllRecords, (drawn) => writeRecords(join(out, RECORDS_FILE), drawn));
        return { outputs: { train: { kind: 'dataset', folder: out, facts: report } }, report };
      },
    );
}
