/** The words of generation: what a strategy reads from the model, and what it keeps for every prompt. */
import type { CounterRng } from '../../common/philox.js';
import type { DecodingPlan } from '../../spec/plan.js';

/** What leaves the graph for every scored sequence. */
export type Head =
  /** all V logits */
  | { readonly kind: 'logits' }
  /** the `count` highest, best first: logits, or log-probabilities where `normalised` */
  | { readonly kind: 'top'; readonly count: number; readonly normalised: boolean };

/** One prompt's scores of the next token. */
export interface Scores {
  /** sequences scored: 1 right after the prompt, then the strategy's width */
  readonly sequences: number;
  /** entries a sequence: V, or the head's count */
  readonly count: number;
  /** (sequences, count) */
  readonly values: Float32Array;
  /** (sequences, count) token ids; absent where all V logits are there, in order */
  readonly ids?: Int32Array;
}

/** A prompt while it is being continued. */
export interface Continuation {
  /** Takes the scores of the next token; sets `tokens` and `parents`, or `done`. */
  advance(scores: Scores): void;
  /** the token each of the `width` sequences continues with */
  readonly tokens: Int32Array;
  /** which sequence of the step before each of them continues */
  readonly parents: Int32Array;
  /** nothing that follows can change the result */
  readonly done: boolean;
  /** The new tokens, an end token included. */
  result(): Int32Array;
}

/** A decoding strategy: one file under strategies/, one row in strategies/index.ts. */
export interface Strategy {
  /** sequences kept for a prompt */
  readonly width: number;
  readonly head: Head;
  /** @param row the caller's number of the prompt; with the position of the token it keys every random draw */
  start(row: number): Continuation;
}

/** What a strategy is made from. */
export interface StrategyOptions {
  readonly settings: DecodingPlan;
  readonly endTokens: readonly number[];
  readonly vocabularySize: number;
  readonly rng: CounterRng;
}
