/** Tokens that a model expected are drawn anew. */
import { z } from 'zod';
import { readingFields } from './reading.js';
import { tableName, type ObservationNeed, type Operator, type Verdict } from './types.js';

const settings = z.strictObject({
  above: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.99)
    .describe('A token is drawn anew whose probability under the model, given those before it, is at least this.'),
  under: readingFields.under,
});

const needOf = ({ above, under }: z.output<typeof settings>): ObservationNeed => ({ observation: 'edits', under, settings: { above }, draws: true }); // prettier-ignore

/**
 * Token editing of Zhu et al., "How to synthesize text data without model collapse?" (ToEdit, arXiv:2412.14689): semi-synthetic text, in
 * which the prior's most certain tokens are drawn from its distribution at their place, read once, and all others stay as somebody wrote
 * them. The first token of a block, which nothing foretells, stays, and so do end tokens.
 */
export const edit: Operator<typeof settings> = {
  name: 'edit',
  version: 1,
  summary:
    'Tokens that the model gave a probability of at least `above` are drawn anew from its distribution there; the others stay.',
  settings,
  changes: true,
  draws: true,
  needs: (given) => [needOf(given)],
  apply(texts, given, tables) {
    const { edited } = tables[tableName(needOf(given))].texts!;
    return texts.map(({ tokens }, i): Verdict => {
      const drawn = JSON.parse(edited[i]) as number[];
      return drawn.every((id, k) => id === tokens[k]) ? 'keep' : { tokens: drawn };
    });
  },
};
