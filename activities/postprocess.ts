/** postprocess: turns what a model wrote into records fit for training. Outputs `generated`, a dataset. */
import { join } from 'node:path';
import { postprocess } from '../data/postprocess.js';
import { RECORDS_FILE, readAllRecords, writeRecords } from '../data/records.js';
import { loadTokenizer } from '../engine/tokenizer/files.js';
import type { StepOutcome } from './step.js';
import { runStep } from './step.js';
import type { ActivityDependencies, PostprocessInput, StepResult } from './types.js';

const VERSION = 1;

export function postprocessActivity(deps: ActivityDependencies) {
  return ({ place, raw, tokenizer }: PostprocessInput): Promise<StepResult> =>
    runStep(
      deps,
      {
        step: 'postprocess',
        version: VERSION,
        place,
        inputs: { raw, ...(tokenizer && { tokenizer }) },
        parameters: {},
        engine: false,
      },
      async (step): Promise<StepOutcome> => {
        if (tokenizer === undefined) return { outputs: { generated: raw }, report: {} };
        const out = await step.folder('generated');
        const written = await readAllRecords(await step.input(raw));
        const { decode } = await loadTokenizer(await step.input(tokenizer)).then((loaded) => ({
          decode: (tokens: readonly number[]) => loaded.decode(tokens),
        }));
        const { records, empty } = postprocess(
          written.map((record) => ({ record, promptTokens: 0 })),
          decode,
        );
        await writeRecords(join(out, RECORDS_FILE), records);
        return {
          outputs: { generated: { kind: 'dataset', folder: out, facts: { records: records.length } } },
          report: { records: records.length, empty },
        };
      },
    );
}
