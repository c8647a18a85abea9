/**
 * Beam search as in transformers 5.17 (early_stopping false): candidate for candidate and, since scores are kept in float32 as
 * there, comparison for comparison. Of equal scores the lower beam, then the earlier candidate, is taken.
 */
import { HabsburgError } from '../../../common/errors.js';
import type { Continuation, Scores, Strategy, StrategyOptions } from '../types.js';

/** The score of what must not be chosen, as there. */
const IMPOSSIBLE = Math.fround(-1e9);
const f32 = Math.fround;

interface Candidate {
  readonly score: number;
  readonly beam: number;
  readonly token: number;
}

/** A token and what comes before it: hypotheses share their beginnings. */
interface Link {
  readonly token: number;
  readonly length: number;
  readonly before?: Link;
}

interface Hypothesis {
  readonly score: number;
  readonly sequence?: Link;
}

export function beam(options: StrategyOptions): Strategy {
  const { settings, endTokens, vocabularySize } = options;
  const candidates = Math.max(2, 1 + endTokens.length) * settings.beams;
  const banned = settings.minNewTokens > 0 ? endTokens.length : 0;
  if (candidates + banned > vocabularySize) {
    throw new HabsburgError(
      'invalid',
      `${settings.beams} beams need ${candidates + banned} candidates, the vocabulary has ${vocabularySize} tokens; use fewer beams`,
    );
  }
  return {
    width: settings.beams,
    head: { kind: 'top', count: candidates + banned, normalised: true },
    start: () => new BeamContinuation(options, candidates),
  };
}

class BeamContinuation implements Continuation {
  readonly tokens: Int32Array;
  readonly parents: Int32Array;
  done = false;
  #scores: number[] = [0];
  #sequences: (Link | undefined)[] = [undefined];
  /** the best finished hypotheses, best first; impossible until found */
  #finished: Hypothesis[];
  #length = 0;

  constructor(
    readonly options: StrategyOptions,
    readonly candidateCount: number,
  ) {
    const { beams } = options.settings;
    this.tokens = new Int32Array(beams);
    this.parents = new Int32Array(beams);
    this.#finished = Array.from({ length: beams }, () => ({ score: IMPOSSIBLE }));
  }

  advance(scores: Scores): void {
    const { settings, endTokens } = this.options;
    const best = this.#bestCandidates(scores);
    this.#length++;
    const last = this.#length >= settings.maxNewTokens;
    const extended = best.map(({ beam, token }): Link => ({ token, length: this.#length, before: this.#sequences[beam] }));
    const ends = best.map(({ token }) => last || endTokens.includes(token));

    // Only the best `beams` candidates may finish; the others are there so that enough sequences go on.
    const divisor = f32(this.#length ** settings.lengthPenalty);
    const found = best
      .slice(0, settings.beams)
      .flatMap(({ score }, i) => (ends[i] ? [{ score: f32(score / divisor), sequence: extended[i] }] : []));
    if (found.length > 0) this.#finished = stableBest([...this.#finished, ...found], settings.beams);

    const next = stableBest(
      best.map(({ score }, i) => ({ score: ends[i] ? f32(score + IMPOSSIBLE) : score, i })),
      settings.beams,
    );
    this.#sequences = next.map(({ i }) => extended[i]);
    this.#scores = next.map(({ score }) => score);
    next.forEach(({ i }, beam) => {
      this.tokens[beam] = best[i].token;
      this.parents[beam] = best[i].beam;
    });
    this.done = last || !this.#mayImprove(divisor);
  }

  /** Candidates of all beams by accumulated log-probability, best first. */
  #bestCandidates({ sequences, count, values, ids }: Scores): Candidate[] {
    const { settings, endTokens } = this.options;
    const ban = this.#length < settings.minNewTokens;
    const all: Candidate[] = [];
    for (let beam = 0; beam < sequences; beam++) {
      for (let i = beam * count; i < (beam + 1) * count; i++) {
        if (ban && endTokens.includes(ids![i])) continue;
        all.push({ score: f32(values[i] + this.#scores[beam]), beam, token: ids![i] });
      }
    }
    return stableBest(all, this.candidateCount);
  }

  /** transformers' heuristic: whether the best running sequence, at this length, beats the worst of as many finished ones. */
  #mayImprove(divisor: number): boolean {
    const worst = this.#finished[this.#finished.length - 1].score;
    return f32(this.#scores[0] / divisor) > worst;
  }

  result(): Int32Array {
    const tokens = new Int32Array(this.#finished[0].sequence?.length ?? 0);
    for (let link = this.#finished[0].sequence; link !== undefined; link = link.before) tokens[link.length - 1] = link.token;
    return tokens;
  }
}

/** The `count` highest by score, best first, in their order where scores are equal. */
function stableBest<T extends { readonly score: number }>(items: readonly T[], count: number): T[] {
  return items.toSorted((a, b) => b.score - a.score).slice(0, count);
}
