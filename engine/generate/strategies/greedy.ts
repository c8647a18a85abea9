/** Greedy search: the most probable token, again and again; of equal logits the smaller id. */
import { SingleSequence } from './single.js';
import type { Strategy, StrategyOptions } from '../types.js';

export function greedy({ settings, endTokens }: StrategyOptions): Strategy {
  // One candidate more for every end token that may still be banned.
  const count = 1 + (settings.minNewTokens > 0 ? endTokens.length : 0);
  return {
    width: 1,
    head: { kind: 'top', count, normalised: false },
    start: () =>
      new SingleSequence(settings, endTokens, ({ ids }, position) => {
        for (const id of ids!) if (position >= settings.minNewTokens || !endTokens.includes(id)) return id;
        throw new Error('internal: every candidate is a banned end token');
      }),
  };
}
