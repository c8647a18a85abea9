/**
 * Beam search that draws its candidates at random, as transformers' with do_sample: without replacement, from the softmax of the
 * accumulated and warped log-probabilities of all beams together. The first `beams` drawn may finish; of those that go on the best
 * are kept. Draws are keyed by (row, position, draw).
 */
import { warpersOf } from '../warpers/index.js';
import { unnormalised } from '../warpers/softmax.js';
import type { Strategy, StrategyOptions } from '../types.js';
import { BeamContinuation, candidateCount, IMPOSSIBLE } from './beam.js';
import { processed, type Candidate, type Propose } from './candidates.js';
import { pick } from './sample.js';

export function beamSample(options: StrategyOptions): Strategy {
  const { settings, endTokens, vocabularySize, rng } = options;
  const count = candidateCount(options);
  const warpers = warpersOf(settings, { endTokens, minTokensToKeep: Math.max(2, endTokens.length + 1) });
  const propose =
    (row: number): Propose =>
    (scores, beams, prompt) => {
      // Accumulated log-probabilities (beams · V), float32 as in transformers.
      const accumulated = new Float32Array(scores.sequences * vocabularySize);
      processed(scores, beams, prompt, warpers).forEach((values, beam) => {
        for (let token = 0; token < vocabularySize; token++)
          accumulated[beam * vocabularySize + token] = values[token] + beams[beam].score;
      });
      const position = beams[0].sequence?.length ?? 0;
      const drawn = drawWithoutReplacement(accumulated, count, (draw) => rng.uniform(row, position * count + draw)).map(
        (index): Candidate => ({
          score: accumulated[index],
          beam: Math.floor(index / vocabularySize),
          token: index % vocabularySize,
        }),
      );
      // Where fewer have any probability, repetitions that can never be chosen make up the number.
      while (drawn.length < count) drawn.push({ ...drawn[0], score: IMPOSSIBLE });
      return drawn;
    };
  return {
    width: settings.beams,
    layout: 'beams',
    head: { kind: 'all', normalised: true },
    start: (row, prompt) => new BeamContinuation(options, prompt, propose(row)),
  };
}

/**
 * Indices drawn one after the other, each with a probability proportional to exp(score) among those left.
 * @returns `count` of them, or all that have any probability
 */
export function drawWithoutReplacement(scores: Float32Array, count: number, uniform: (draw: number) => number): number[] {
  const weights = new Float64Array(scores.length);
  let total = unnormalised(scores, weights);
  const drawn: number[] = [];
  while (drawn.length < count && total > 0) {
    const index = pick(weights, total, uniform(drawn.length));
    drawn.push(index);
    weights[index] = 0;
    // Summed anew: the rest may be far smaller than what was taken.
    total = 0;
    for (let i = 0; i < weights.length; i++) total += weights[i];
  }
  return drawn;
}
