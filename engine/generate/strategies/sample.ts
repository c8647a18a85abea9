/**
 * Sampling from the processed and warped distribution. The draw for a token is keyed by (row, position), so it depends on no batch,
 * shard, resume or draft.
 */
import { warpersOf } from '../warpers/index.js';
import { unnormalised } from '../warpers/softmax.js';
import type { Strategy, StrategyOptions } from '../types.js';
import { SingleSequence } from './single.js';

export function sample(options: StrategyOptions): Strategy {
  const { settings, endTokens, vocabularySize, rng } = options;
  const warpers = warpersOf(settings, { endTokens, minTokensToKeep: 1 });
  const weights = new Float64Array(vocabularySize);
  return {
    width: 1 + settings.promptLookupNumTokens,
    layout: 'chain',
    head: { kind: 'all', normalised: false },
    start: (row, prompt) =>
      new SingleSequence(options, prompt, (values, _, history) => {
        for (const warp of warpers) warp(values, history);
        return pick(weights, unnormalised(values, weights), rng.uniform(row, history.length - history.promptLength));
      }),
  };
}

/** Inverse of the cumulative distribution: the first id whose cumulative weight exceeds u · total. */
export function pick(weights: Float64Array, total: number, u: number): number {
  const target = u * total;
  let cumulative = 0;
  let last = 0;
  for (let id = 0; id < weights.length; id++) {
    if (weights[id] === 0) continue;
    cumulative += weights[id];
    last = id;
    if (cumulative > target) return id;
  }
  // Rounding can leave the sum a hair below the total: then it is the last id that has any weight.
  return last;
}
