/** Greedy search: the most probable token, again and again; of equal logits the smaller id. */
import { needsAllScores, processorsOf } from '../warpers/index.js';
import type { Strategy, StrategyOptions } from '../types.js';
import { SingleSequence, type Choose } from './single.js';

export function greedy(options: StrategyOptions): Strategy {
  const { settings, endTokens } = options;
  const all = needsAllScores(settings) || settings.guidance !== undefined;
  // One candidate more for every end token that may still be banned.
  const count = 1 + (settings.minNewTokens > 0 ? endTokens.length : 0);
  const choose = all ? highest(options) : firstAllowed(options);
  return {
    width: 1 + settings.promptLookupNumTokens,
    layout: 'chain',
    head: all ? { kind: 'all', normalised: false } : { kind: 'top', count, normalised: false },
    start: (_, prompt) => new SingleSequence(options, prompt, choose),
  };
}

/** Of a few candidates, best first, the first that is not banned. */
function firstAllowed({ settings, endTokens }: StrategyOptions): Choose {
  return (_, ids, { length, promptLength }) => {
    for (const id of ids!) if (length - promptLength >= settings.minNewTokens || !endTokens.includes(id)) return id;
    throw new Error('internal: every candidate is a banned end token');
  };
}

/** Of all logits, the highest after the processors. */
function highest({ settings, endTokens }: StrategyOptions): Choose {
  const processors = processorsOf(settings, { endTokens, minTokensToKeep: 1 });
  return (values, _, history) => {
    for (const process of processors) process(values, history);
    let best = 0;
    for (let id = 1; id < values.length; id++) if (values[id] > values[best]) best = id;
    return best;
  };
}
