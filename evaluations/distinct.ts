/** distinct-n: how many different n-grams a model writes, at a fixed number of tokens. */
import { addNgrams, firstTokens } from './ngrams.js';
import { textsOf } from './input.js';
import { rowsOf } from './rows.js';
import { TOKENS } from './settings.js';
import type { Evaluation } from './types.js';

const VARIANT = 'tokens/in-record';

/**
 * Different n-grams / all n-grams of token ids, in [0, 1], over the first `tokens` written tokens (0: all); n-grams stay inside
 * records. n: all n-grams; fewer than `tokens` allow where less was written. Falls with the number of tokens, so compare at
 * equal n only. Source: Li et al., "A diversity-promoting objective function for neural conversation models" (NAACL 2016).
 */
function distinct(order: 1 | 2 | 3): Evaluation {
  const name = `distinct-${order}` as const;
  return {
    name,
    variant: VARIANT,
    version: 1,
    summary: `Share of different ${order}-grams among all that the first \`tokens\` written tokens hold; 0 to 1, higher is more diverse.`,
    higherIsBetter: true,
    of: 'texts',
    group: 'diversity',
    needs: { records: ['generated'] },
    settings: TOKENS,
    headline: name === 'distinct-2' ? [VARIANT] : undefined,
    subject: 'generated',
    compute(input, settings) {
      const seen = new Set<string>();
      let total = 0;
      for (const record of firstTokens(textsOf(input, 'generated').tokens, Number(settings.tokens)))
        total += addNgrams(seen, record, order);
      if (total === 0) return [];
      return [rowsOf(this, settings)(seen.size / total, total)];
    },
  };
}

export const distinct1 = distinct(1);
export const distinct2 = distinct(2);
export const distinct3 = distinct(3);
