/**
 * generate: a model continues every prompt; finished shards are checkpoints. Outputs `generated`, a dataset: the new tokens of each
 * prompt, and nothing where nothing was written.
 */
import { recordsOf } from './sets.js';
import { runStep } from './step.js';
import { tokenizerFacts } from './tokenizer-facts.js';
import type { ActivityDependencies, GenerateInput, StepResult } from './types.js';

const VERSION = 2;

export function generateActivity(deps: ActivityDependencies) {
  return (input: GenerateInput): Promise<StepResult> => {
    const { place, model, prompts, tokenizer, count, unprompted, split, decoding, guide } = input;
    return runStep(
      deps,
      {
        step: 'generate',
        version: VERSION,
        place,
        inputs: { model, prompts, ...(tokenizer && { tokenizer }), ...(guide && { guide }) },
        parameters: {
          family: input.family,
          decoding,
          ...(count !== undefined && { count }),
          ...(unprompted && { unprompted }),
          ...(split && { split }),
        },
        engine: true,
      },
      async (step) => {
        const out = await step.folder('generated');
        const report = await step.run(
          {
            op: 'generate',
            family: input.family,
            model: await step.input(model),
            ...(guide && { guide: await step.input(guide) }),
            prompts: await recordsOf(step, prompts),
            count,
            ...(unprompted && { begins: (await tokenizerFacts(step, tokenizer!)).begins }),
            decoding,
            // other draws than those of the training set's prompts
            rng: { seed: place.seed, generation: place.generation, member: place.member, step: split ? `generate/${split}` : 'generate' }, // prettier-ignore
            out,
            origin: { member: place.member, generation: place.generation, model: model.digest },
          },
          { checkpoints: true },
        );
        return {
          outputs: {
            generated: {
              kind: 'dataset',
              folder: out,
              facts: { records: Number(report.records), ...(tokenizer && { tokenizer: tokenizer.digest }) },
            },
          },
          report,
        };
      },
    );
  };
}
