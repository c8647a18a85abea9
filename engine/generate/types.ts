/** The words of generation: what a strategy reads from the model, and what it keeps for every prompt. */
import type { CounterRng } from '../../common/philox.js';
import type { Decoding } from './decoding.js';
import type { History } from './warpers/types.js';

/** What leaves the graph for every scored token. */
export type Head =
  /** all V scores: logits, or log-probabilities where `normalised` */
  | { readonly kind: 'all'; readonly normalised: boolean }
  /** the `count` highest, best first: logits, or log-probabilities where `normalised` */
  | { readonly kind: 'top'; readonly count: number; readonly normalised: boolean };

/** Scores of what follows the tokens that one prompt had in a step. */
export interface Scores {
  /** tokens scored: 1 right after the prompt, then the step's */
  readonly sequences: number;
  /** entries a token: V, or the head's count */
  readonly count: number;
  /** (sequences, count) */
  readonly values: Float32Array;
  /** (sequences, count) token ids; absent where all V scores are there, in order */
  readonly ids?: Int32Array;
}

/** A prompt while it is being continued. */
export interface Continuation {
  /** Takes the scores of the last step's tokens; sets `tokens` and `parents`, or `done`. */
  advance(scores: Scores): void;
  /** the next step's tokens, at most the strategy's width */
  readonly tokens: Int32Array;
  /** the last step's token that each of them follows; in a chain, that the first of them follows */
  readonly parents: Int32Array;
  /** nothing that follows can change the result */
  readonly done: boolean;
  /** The new tokens, an end token included. */
  result(): Int32Array;
}

/** How a prompt's tokens of one step hang together: `width` sequences side by side, or one sequence's next tokens. */
export type Layout = 'beams' | 'chain';

/** A decoding strategy: one file under strategies/, one row in strategies/index.ts. */
export interface Strategy {
  /** tokens a prompt has in one step, at most */
  readonly width: number;
  readonly layout: Layout;
  readonly head: Head;
  /** @param row the caller's number of the prompt; with the position of the token it keys every random draw */
  start(row: number, prompt: Int32Array): Continuation;
}

/**
 * Whether a sequence ends with its last token: an end token, a stop string or the limit of new tokens.
 * @param token the last one
 * @param written new tokens, this one included
 * @param history the sequence, asked for only where there are stop strings
 */
export type StoppingRule = (token: number, written: number, history: () => History) => boolean;

/** What a strategy is made from. */
export interface StrategyOptions {
  readonly settings: Decoding;
  readonly endTokens: readonly number[];
  readonly ends: StoppingRule;
  readonly vocabularySize: number;
  readonly rng: CounterRng;
}

/** What the generation loop asks of a model, or of two: prompts in, scores out, and places that are given up. */
export interface Writer {
  /** Empties the places. @param newTokens how many tokens a sequence will get at most @param places how many prompts there will be at most */
  begin(newTokens: number, places: number): void;
  /** Reads prompts behind those that are there; returns, for each of them, the scores of its first new token. */
  read(prompts: readonly Int32Array[]): Promise<Scores[]>;
  /** The least number of tokens that `write` can add to every prompt where one has so many. */
  widthFor(tokens: number): number;
  /** Runs a step: tokens (places, width), which follow those that `parents` names. @returns [place]: scores of what follows each of its tokens */
  write(parents: readonly Int32Array[], tokens: Int32Array, width: number): Promise<Scores[]>;
  /** Gives a place up; the last one takes it. */
  remove(place: number): void;
  release(): Promise<void>;
}
