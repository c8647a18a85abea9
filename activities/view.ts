/**
 * view: what a member wrote, in the tokens and blocks of another that reads it. Keyed by the set and the reader's tokenizer, not by the
 * reader, so that all who read alike share it. Outputs `view`, a dataset.
 */
import { HabsburgError } from '../common/errors.js';
import { recordsOf } from './sets.js';
import { runStep } from './step.js';
import type { ActivityDependencies, StepResult, ViewInput } from './types.js';
import { tokenizerFacts } from './tokenizer-facts.js';
import type { TextsToView } from './view-texts.js';

const VERSION = 1;

export function viewActivity(deps: ActivityDependencies) {
  return (input: ViewInput): Promise<StepResult> => {
    const { place, set, writer, reader, block, packing } = input;
    return runStep(
      deps,
      { step: 'view', version: VERSION, place, inputs: { set, writer, reader }, parameters: { block, packing }, engine: false },
      async (step) => {
        const facts = await tokenizerFacts(step, reader);
        const out = await step.folder('view');
        const { read, records } = await step.thread<{ read: number; records: number }>(
          new URL('./view-texts.js', import.meta.url),
          'viewTexts',
          {
            set: await recordsOf(step, set),
            writer: await step.input(writer),
            reader: await step.input(reader),
            out,
            ...facts,
            block,
            packing,
          } satisfies TextsToView,
        );
        if (records === 0)
          throw new HabsburgError(
            'invalid',
            `what ${place.member} wrote in generation ${place.generation} is not one block of ${block} tokens for its reader; let it write more`,
          );
        return {
          outputs: { view: { kind: 'dataset', folder: out, facts: { records, block, tokenizer: reader.digest } } },
          report: { read, records },
        };
      },
    );
  };
}
