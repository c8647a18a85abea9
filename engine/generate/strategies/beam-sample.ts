/**
 * Beam search that draws its candidates at random, as transformers' with do_sample: without replacement, from the softmax of the
 * accumulated and warped log-probabilities of all beams together. The first `beams` drawn may finish; of those that go on the best
 * are kept. Draws are keyed by (row, position, draw).
 */
import { warpersOf } from '../warpers/index.js';
import type { Strategy, StrategyOptions } from '../types.js';
import { BeamContinuation, candidateCount, IMPOSSIBLE } from './beam.js';
import { processed, type Candidate } from './candidates.js';

export function beamSample(options: StrategyOptions): Strategy {
  const { settings, endTokens, rng } = options;
  const count = candidateCount(options);
  const warpers = warpersOf(settings, { endTokens, minTokensToKeep: Math.max(2, endTokens.length + 1) });
  return {
    width: settings.beams,
    layout: 'beams',
    head: { kind: 'all', normalised: true },
    start: (row, prompt) =>
      new BeamContinuation(options, prompt, (scores, beams) => {
        const possible = processed(scores, beams, prompt, warpers).flatMap((values, beam) => candidatesOf(values, beam, beams[beam].score));
        const position = beams[0].sequence?.length ?? 0;
        return drawWithoutReplacement(possible, count, (draw) => rng.uniform(row, position * count + draw));
      }),
  };
}

function candidatesOf(values: Float32Array, beam: number, score: number): Candidate[] {
  const candidates: Candidate[] = [];
  values.forEach((value, token) => {
    if (value !== -Infinity) candidates.push({ score: Math.fround(value + score), beam, token });
  });
  return candidates;
}

/**
 * Draws `count` candidates one after the other, each with a probability proportional to exp(score) among those left. Where fewer
 * have any probability, repetitions that can never be chosen follow them.
 */
export function drawWithoutReplacement(candidates: readonly Candidate[], count: number, uniform: (draw: number) => number): Candidate[] {
  const max = candidates.reduce((best, { score }) => Math.max(best, score), -Infinity);
  const left = candidates.map((candidate) => ({ candidate, weight: Math.exp(candidate.score - max) })).filter(({ weight }) => weight > 0);
  const drawn: Candidate[] = [];
  while (drawn.length < count && left.length > 0) {
    const total = left.reduce((sum, { weight }) => sum + weight, 0);
    const target = uniform(drawn.length) * total;
    let cumulative = 0;
    let at = left.findIndex(({ weight }) => (cumulative += weight) > target);
    if (at < 0) at = left.length - 1;
    drawn.push(left[at].candidate);
    left.splice(at, 1);
  }
  while (drawn.length < count) drawn.push({ ...drawn[0], score: IMPOSSIBLE });
  return drawn;
}
