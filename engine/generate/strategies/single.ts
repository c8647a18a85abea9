/** One sequence a prompt, grown a token at a time until an end token or the limit. */
import type { DecodingPlan } from '../../../spec/plan.js';
import type { Continuation, Scores } from '../types.js';

export class SingleSequence implements Continuation {
  readonly tokens = new Int32Array(1);
  readonly parents = new Int32Array(1);
  done = false;
  readonly #written: number[] = [];

  /** @param choose the next token, given its scores and its position among the new tokens */
  constructor(
    readonly settings: DecodingPlan,
    readonly endTokens: readonly number[],
    readonly choose: (scores: Scores, position: number) => number,
  ) {}

  advance(scores: Scores): void {
    const token = this.choose(scores, this.#written.length);
    this.#written.push(token);
    this.tokens[0] = token;
    this.done = this.#written.length >= this.settings.maxNewTokens || this.endTokens.includes(token);
  }

  result(): Int32Array {
    return Int32Array.from(this.#written);
  }
}
