/** postprocess: turns what a model wrote into records fit for training. Outputs `generated`, a dataset. */
import { join } from 'node:path';
import { postprocessRecords } from '../data/postprocess.js';
import { RECORDS_FILE, readRecords, writeRecords } from '../data/records.js';
import { runStep } from './step.js';
import type { ActivityDependencies, PostprocessInput, StepResult } from './types.js';

const VERSION = 1;

export function postprocessActivity(deps: ActivityDependencies) {
  return ({ place, raw }: PostprocessInput): Promise<StepResult> =>
    runStep(
      deps,
      { step: 'postprocess', version: VERSION, place, inputs: { raw }, parameters: {}, engine: false },
      async (step) => {
        const out = await step.folder('generated');
        const source = readRecords(join(await step.input(raw), RECORDS_FILE));
        const records = await writeRecords(join(out, RECORDS_FILE), postprocessRecords(source));
        return { outputs: { generated: { kind: 'dataset', folder: out, facts: { records } } }, report: { records } };
      },
    );
}
