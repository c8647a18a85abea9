/** finetune: fits a member's model to its training set, from a start, with checkpoints. Outputs `model`. */
import { recordsOf } from './sets.js';
import { runStep } from './step.js';
import type { ActivityDependencies, FinetuneInput, StepResult } from './types.js';

const VERSION = 2;

export function finetuneActivity(deps: ActivityDependencies) {
  return (input: FinetuneInput): Promise<StepResult> => {
    const { place, start, train, valid, training } = input;
    return runStep(
      deps,
      {
        step: 'finetune',
        version: VERSION,
        place,
        inputs: {
          train,
          valid,
          ...('model' in start ? { start: start.model } : start.tokenizer && { tokenizer: start.tokenizer }),
        },
        parameters: { family: input.family, training, scratch: 'model' in start ? null : start.scratch },
        engine: true,
      },
      async (step) => {
        const out = await step.folder('model');
        const report = await step.run(
          {
            op: 'fit',
            family: input.family,
            train: await recordsOf(step, train),
            valid: await recordsOf(step, valid),
            start:
              'model' in start
                ? { model: await step.input(start.model) }
                : { scratch: start.scratch, ...(start.tokenizer && { tokenizer: await step.input(start.tokenizer) }) },
            training,
            rng: { seed: place.seed, generation: place.generation, member: place.member, step: 'finetune' },
            out,
          },
          { checkpoints: true },
        );
        return { outputs: { model: { kind: 'model', folder: out } }, report };
      },
    );
  };
}
