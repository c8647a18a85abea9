/** sample: draws a member's training set from the pool by its mixture. Outputs `train`, a dataset. */
import { join } from 'node:path';
import { CounterRng } from '../common/philox.js';
import { holdsImages, readImageRecords, writeImageRecords } from '../data/images.js';
import { RECORDS_FILE, readAllRecords, writeRecords } from '../data/records.js';
import type { RecordHead } from '../data/records.js';
import { drawFirstSet, drawTrainingSet } from '../data/sample.js';
import { sizeAt } from '../spec/mixture.js';
import { runStep } from './step.js';
import type { ActivityDependencies, SampleInput, StepResult } from './types.js';

const VERSION = 1;

export function sampleActivity(deps: ActivityDependencies) {
  return (input: SampleInput): Promise<StepResult> => {
    const { place, mixture, sample, first, real, generated } = input;
    const { seed, generation, member } = place;
    return runStep(
      deps,
      {
        step: 'sample',
        version: VERSION,
        place,
        inputs: {
          real: first,
          ...(real === undefined ? {} : { pool: real }),
          ...Object.fromEntries(generated.map((ref, i) => [`generated-${i}`, ref])),
        },
        // generation 0 is the same whatever comes after it
        parameters:
          mixture === undefined ? { size: sizeAt(sample!, 0) } : { mixture, ...(sample === undefined ? {} : { sample }) },
        engine: false,
      },
      async (step) => {
        const out = await step.folder('train');
        const rngOf = (t: number) => new CounterRng({ seed, generation: t, member, step: 'sample' });
        const draw = async <R extends RecordHead>(
          read: (folder: string) => Promise<R[]>,
          write: (records: R[]) => Promise<number>,
        ): Promise<{ records: number; real: number }> => {
          const records = await read(await step.input(first));
          const written: R[][] = [];
          for (const ref of generated) written.push(await read(await step.input(ref)));
          const drawn =
            mixture === undefined
              ? drawFirstSet(records, sizeAt(sample!, 0), rngOf)
              : drawTrainingSet({
                  mixture,
                  sample,
                  generation,
                  first: records,
                  real: real && (await read(await step.input(real))),
                  written,
                  rngOf,
                });
          return { records: await write(drawn), real: drawn.filter((record) => record.origin.kind === 'real').length };
        };
        const report = (await holdsImages(await step.input(first)))
          ? await draw(readImageRecords, (drawn) => writeImageRecords(out, drawn))
          : await draw(readAllRecords, (drawn) => writeRecords(join(out, RECORDS_FILE), drawn));
        return { outputs: { train: { kind: 'dataset', folder: out, facts: report } }, report };
      },
    );
  };
}
