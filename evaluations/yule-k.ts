/** Yule's K: how much a model writes the same tokens again, hardly dependent on how much it writes. */
import { textsOf } from './input.js';
import { firstTokens } from './ngrams.js';
import { rowsOf } from './rows.js';
import { TOKENS } from './settings.js';
import type { Evaluation } from './types.js';

/**
 * 10^4 (Σ f² − N) / N², where f is how often each token id occurs among the first `tokens` written tokens (0: all) and N how many these
 * are; in [0, 10^4). n: N. None where nothing was written.
 * Source: Yule, "The statistical study of literary vocabulary" (1944).
 */
export const yuleK: Evaluation = {
  name: 'yule-k',
  variant: 'tokens',
  version: 1,
  summary:
    "Yule's K of the first `tokens` written tokens: 10,000 times the chance that two of them are the same; lower is richer.",
  higherIsBetter: false,
  of: 'texts',
  group: 'diversity',
  needs: { records: ['generated'] },
  settings: TOKENS,
  subject: 'generated',
  compute(input, settings) {
    const counts = new Map<number, number>();
    let n = 0;
    for (const record of firstTokens(textsOf(input, 'generated').tokens, Number(settings.tokens))) {
      for (const id of record) counts.set(id, (counts.get(id) ?? 0) + 1);
      n += record.length;
    }
    if (n === 0) return [];
    const squares = [...counts.values()].reduce((sum, f) => sum + f * f, 0);
    return [rowsOf(this, settings)((1e4 * (squares - n)) / n ** 2, n)];
  },
};
