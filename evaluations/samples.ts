/** The first texts that a model wrote, beside what they continue: no number, but what a reader wants to see. */
import { textsOf } from './input.js';
import { NONE } from './settings.js';
import type { Evaluation } from './types.js';

const SAMPLES = 8;

/** The same positions in every generation, so that one prompt can be followed through all of them. */
export const samples: Evaluation = {
  name: 'samples',
  variant: 'first-records',
  version: 1,
  summary: 'The first texts that model t wrote, with their prompts.',
  of: 'texts',
  group: 'other',
  needs: { records: ['generated', 'prompts'] },
  settings: NONE,
  subject: 'generated',
  compute: () => [],
  examples(input) {
    const written = textsOf(input, 'generated');
    const prompts = textsOf(input, 'prompts');
    const promptOf = new Map(prompts.ids.map((id, i) => [id, prompts.openings?.[i] ?? prompts.texts[i]]));
    return {
      samples: written.ids.slice(0, SAMPLES).map((record, i) => ({
        record,
        text: written.texts[i],
        prompt: promptOf.get(written.prompts?.[i] ?? '') ?? '',
      })),
    };
  },
};
