/**
 * Sampling from the warped distribution, in transformers' order: end tokens banned below the minimum, then temperature, top-k,
 * top-p. The draw for a token is keyed by (row, position), so it depends on no batch, shard or resume.
 */
import { temperatureWarper } from '../warpers/temperature.js';
import { topKWarper } from '../warpers/top-k.js';
import { topPWarper } from '../warpers/top-p.js';
import { unnormalised } from '../warpers/softmax.js';
import type { DecodingPlan } from '../../../spec/plan.js';
import type { Warper } from '../warpers/types.js';
import type { Strategy, StrategyOptions } from '../types.js';
import { SingleSequence } from './single.js';

/** The warpers that settings ask for, in order; one that would change nothing is left out. */
export function warpersOf(settings: DecodingPlan): Warper[] {
  return [
    ...(settings.temperature === 1 ? [] : [temperatureWarper(settings.temperature)]),
    ...(settings.topK === 0 ? [] : [topKWarper(settings.topK)]),
    ...(settings.topP >= 1 ? [] : [topPWarper(settings.topP)]),
  ];
}

export function sample({ settings, endTokens, vocabularySize, rng }: StrategyOptions): Strategy {
  const warpers = warpersOf(settings);
  const weights = new Float64Array(vocabularySize);
  return {
    width: 1,
    head: { kind: 'logits' },
    start: (row) =>
      new SingleSequence(settings, endTokens, ({ values }, position) => {
        if (position < settings.minNewTokens) for (const id of endTokens) values[id] = -Infinity;
        for (const warp of warpers) warp(values);
        return pick(weights, unnormalised(values, weights), rng.uniform(row, position));
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
