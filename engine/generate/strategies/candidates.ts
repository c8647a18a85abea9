/** Candidates of beam search: which tokens may follow which beam, by accumulated log-probability. */
import { largest } from '../warpers/top-k.js';
import type { Scores } from '../types.js';
import type { Warper } from '../warpers/types.js';
import { historyOf, type Link } from './links.js';

const f32 = Math.fround;

export interface Candidate {
  /** accumulated log-probability, float32 */
  readonly score: number;
  readonly beam: number;
  readonly token: number;
}

/** A running sequence. */
export interface Beam {
  readonly score: number;
  readonly sequence?: Link;
}

/** Chooses the candidates of a step; `scores` are those of the beams, in order, and may be changed. */
export type Propose = (scores: Scores, beams: readonly Beam[], prompt: Int32Array) => Candidate[];

/**
 * The best `count`, from each beam's highest log-probabilities, best first; end tokens are banned until `minimum` tokens are written.
 */
export function bestOfTop(minimum: number, endTokens: readonly number[], count: number): Propose {
  return ({ sequences, count: given, values, ids }, beams) => {
    const ban = (beams[0].sequence?.length ?? 0) < minimum;
    // A merge: of each beam's candidates in turn the best that is left.
    const at = Int32Array.from({ length: sequences }, (_, beam) => beam * given);
    const allowed = (beam: number): boolean => {
      while (ban && at[beam] < (beam + 1) * given && endTokens.includes(ids![at[beam]])) at[beam]++;
      return at[beam] < (beam + 1) * given;
    };
    const best: Candidate[] = [];
    while (best.length < count) {
      let from = -1;
      let score = -Infinity;
      for (let beam = 0; beam < sequences; beam++) {
        if (!allowed(beam)) continue;
        const next = f32(values[at[beam]] + beams[beam].score);
        if (from >= 0 && next <= score) continue;
        [from, score] = [beam, next];
      }
      if (from < 0) break;
      best.push({ score, beam: from, token: ids![at[from]++] });
    }
    return best;
  };
}

/** The best `count`, from all log-probabilities after the processors. */
export function bestOfAll(processors: readonly Warper[], count: number): Propose {
  return (scores, beams, prompt) => {
    const all = processed(scores, beams, prompt, processors).flatMap((values, beam) =>
      largest(values, count).map((token) => ({ score: f32(values[token] + beams[beam].score), beam, token })),
    );
    return stableBest(all, count);
  };
}

/** [beam]: its (V) log-probabilities after processors and warpers, not normalised anew. */
export function processed(
  { sequences, count, values }: Scores,
  beams: readonly Beam[],
  prompt: Int32Array,
  warpers: readonly Warper[],
): Float32Array[] {
  return Array.from({ length: sequences }, (_, beam) => {
    const row = values.subarray(beam * count, (beam + 1) * count);
    const history = historyOf(prompt, beams[beam].sequence);
    for (const warp of warpers) warp(row, history);
    return row;
  });
}

/** The `count` highest by score, best first, in their order where scores are equal. */
export function stableBest<T extends { readonly score: number }>(items: readonly T[], count: number): T[] {
  return items.toSorted((a, b) => b.score - a.score).slice(0, count);
}
