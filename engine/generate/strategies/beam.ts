/**
 * Beam search as in transformers 5.17: candidate for candidate and, since scores are kept in float32 as there, comparison for
 * comparison. Of equal scores the lower beam, then the earlier candidate, is taken.
 */
import { HabsburgError } from '../../../common/errors.js';
import { needsAllScores, processorsOf } from '../warpers/index.js';
import type { Continuation, Scores, Strategy, StrategyOptions } from '../types.js';
import { bestOfAll, bestOfTop, stableBest, type Beam, type Propose } from './candidates.js';
import { historyOf, tokensOf, type Link } from './links.js';

/** The score of what must not be chosen, as there. */
export const IMPOSSIBLE = Math.fround(-1e9);
const f32 = Math.fround;

interface Hypothesis {
  readonly score: number;
  readonly sequence?: Link;
}

export function beam(options: StrategyOptions): Strategy {
  const { settings, endTokens } = options;
  const count = candidateCount(options);
  const all = needsAllScores(settings);
  const processors = processorsOf(settings, { endTokens, minTokensToKeep: 1 });
  const banned = settings.minNewTokens > 0 ? endTokens.length : 0;
  const propose = all ? bestOfAll(processors, count) : bestOfTop(settings.minNewTokens, endTokens, count);
  return {
    width: settings.beams,
    layout: 'beams',
    head: all ? { kind: 'all', normalised: true } : { kind: 'top', count: count + banned, normalised: true },
    start: (_, prompt) => new BeamContinuation(options, prompt, propose),
  };
}

/**
 * Candidates of a step: enough that as many beams as before go on when every end token is among them.
 * @throws HabsburgError `invalid` if the vocabulary has fewer tokens
 */
export function candidateCount({ settings, endTokens, vocabularySize }: StrategyOptions): number {
  const count = Math.max(2, 1 + endTokens.length) * settings.beams;
  const needed = count + (settings.minNewTokens > 0 ? endTokens.length : 0);
  if (needed > vocabularySize) {
    throw new HabsburgError(
      'invalid',
      `${settings.beams} beams need ${needed} candidates, the vocabulary has ${vocabularySize} tokens; use fewer beams`,
    );
  }
  return count;
}

export class BeamContinuation implements Continuation {
  readonly tokens: Int32Array;
  readonly parents: Int32Array;
  done = false;
  #beams: Beam[] = [{ score: 0 }];
  /** the best finished hypotheses, best first; impossible until found */
  #finished: Hypothesis[];
  #length = 0;

  constructor(
    readonly options: StrategyOptions,
    readonly prompt: Int32Array,
    readonly propose: Propose,
  ) {
    const { beams } = options.settings;
    this.tokens = new Int32Array(beams);
    this.parents = new Int32Array(beams);
    this.#finished = Array.from({ length: beams }, () => ({ score: IMPOSSIBLE }));
  }

  advance(scores: Scores): void {
    const { beams, lengthPenalty } = this.options.settings;
    const candidates = this.propose(scores, this.#beams, this.prompt);
    this.#length++;
    const extended = candidates.map(({ beam, token }): Link => ({
      token,
      length: this.#length,
      before: this.#beams[beam].sequence,
    }));
    const ends = extended.map((link) => this.options.ends(link.token, this.#length, () => historyOf(this.prompt, link)));

    // Only the first `beams` candidates may finish; the others are there so that enough sequences go on.
    const found = candidates
      .slice(0, beams)
      .flatMap(({ score }, i) =>
        ends[i] ? [{ score: f32(score / f32(this.#length ** lengthPenalty)), sequence: extended[i] }] : [],
      );
    if (found.length > 0) this.#finished = stableBest([...this.#finished, ...found], beams);

    const next = stableBest(
      candidates.map(({ score }, i) => ({ score: ends[i] ? f32(score + IMPOSSIBLE) : score, i })),
      beams,
    );
    this.#beams = next.map(({ score, i }) => ({ score, sequence: extended[i] }));
    next.forEach(({ i }, beam) => {
      this.tokens[beam] = candidates[i].token;
      this.parents[beam] = candidates[i].beam;
    });
    this.done = ends.every((end) => end) || !this.#mayImprove();
  }

  /** transformers' heuristics: whether the best running sequence can still beat the worst of as many finished ones. */
  #mayImprove(): boolean {
    const { earlyStopping, lengthPenalty, maxNewTokens } = this.options.settings;
    const worst = this.#finished[this.#finished.length - 1].score;
    if (earlyStopping === true) return worst <= IMPOSSIBLE;
    // What it would count at its present length or, where longer is better and nothing is to be missed, at full length.
    const length = earlyStopping === 'never' && lengthPenalty > 0 ? maxNewTokens : this.#length;
    return f32(this.#beams[0].score / f32(length ** lengthPenalty)) > worst;
  }

  result(): Int32Array {
    return tokensOf(this.#finished[0].sequence);
  }
}
