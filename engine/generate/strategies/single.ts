/**
 * One sequence a prompt, grown until it ends. A step may carry a draft: tokens that are guessed to follow. Every token is chosen from
 * the model's own scores, so a draft changes how many tokens a step yields, never which.
 */
import type { Decoding } from '../decoding.js';
import type { Continuation, Scores, StrategyOptions } from '../types.js';
import type { History } from '../warpers/types.js';
import { lookUp } from './prompt-lookup.js';

/** The next token of a sequence, from the highest scores' `ids`, best first, or else from all `values` (V), which may be changed. */
export type Choose = (values: Float32Array, ids: Int32Array | undefined, history: History) => number;

export class SingleSequence implements Continuation {
  tokens: Int32Array = new Int32Array(1);
  readonly parents = new Int32Array(1);
  done = false;
  readonly #history: { tokens: Int32Array; length: number; promptLength: number };
  readonly #settings: Decoding;

  constructor(
    readonly options: StrategyOptions,
    prompt: Int32Array,
    readonly choose: Choose,
  ) {
    this.#settings = options.settings;
    const tokens = new Int32Array(prompt.length + this.#settings.maxNewTokens);
    tokens.set(prompt);
    this.#history = { tokens, length: prompt.length, promptLength: prompt.length };
  }

  advance({ sequences, count, values, ids }: Scores): void {
    const history = this.#history;
    for (let i = 0; i < sequences; i++) {
      const [from, to] = [i * count, (i + 1) * count];
      const token = this.choose(values.subarray(from, to), ids?.subarray(from, to), history);
      history.tokens[history.length++] = token;
      this.parents[0] = i;
      this.done = this.options.ends(token, history.length - history.promptLength, () => history);
      if (this.done) return;
      // The token after this one is scored already if the draft guessed it.
      if (i + 1 >= this.tokens.length || token !== this.tokens[i + 1]) break;
    }
    this.tokens = this.#next();
  }

  /** The last token and, with prompt lookup, a draft of what follows; the model adds a token of its own, which must have room. */
  #next(): Int32Array {
    const { tokens, length } = this.#history;
    const room = tokens.length - length - 1;
    const { promptLookupNumTokens, maxMatchingNgramSize } = this.#settings;
    const drafted = Math.min(promptLookupNumTokens, room);
    const draft = drafted > 0 ? lookUp(tokens.subarray(0, length), maxMatchingNgramSize, drafted) : [];
    return Int32Array.of(tokens[length - 1], ...draft);
  }

  result(): Int32Array {
    return this.#history.tokens.slice(this.#history.promptLength, this.#history.length);
  }
}
