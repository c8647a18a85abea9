/** Vocabulary coverage: how much of the real vocabulary a model still uses. */
import { firstTokens, tokenCount } from './ngrams.js';
import { textsOf, tokenTypesOf } from './input.js';
import { rowsOf } from './rows.js';
import { TOKENS } from './settings.js';
import type { Evaluation } from './types.js';

/**
 * |types(written) ∩ types(real)| / |types(real)|, in [0, 1]: token types of the first `tokens` written tokens (0: all) against
 * those of all real training records. n: written tokens that were counted. Grows with `tokens`, so compare at equal n only.
 */
export const coverage: Evaluation = {
  name: 'coverage',
  variant: 'of-real-token-types',
  version: 1,
  summary: 'Share of the token types of the real training blocks that occur among the first `tokens` written tokens; 0 to 1.',
  higherIsBetter: true,
  of: 'texts',
  group: 'tail',
  needs: { records: ['generated'], tokenTypes: ['real'] },
  settings: TOKENS,
  headline: ['of-real-token-types'],
  subject: 'generated',
  compute(input, settings) {
    const missing = new Set(tokenTypesOf(input, 'real'));
    const types = missing.size;
    if (types === 0) return [];
    const written = firstTokens(textsOf(input, 'generated').tokens, Number(settings.tokens));
    for (const record of written) for (const token of record) missing.delete(token);
    return [rowsOf(this, settings)((types - missing.size) / types, tokenCount(written))];
  },
};
