/**
 * Logits processors and warpers (transformers' names): each changes the scores of the next token in place, one after the other.
 * Processors apply to every strategy, warpers only where tokens are drawn at random.
 */
import type { DecodingSetting } from '../settings.js';

/** A sequence as far as it is written. */
export interface History {
  /** the prompt, then the new tokens; only the first `length` are set */
  readonly tokens: Int32Array;
  readonly length: number;
  readonly promptLength: number;
}

/**
 * Changes scores (V) in place: logits, or log-probabilities with beams. A token that may not come gets -Infinity. Warpers leave at
 * least one token finite.
 */
export type Warper = (scores: Float32Array, history: History) => void;

/** A processor or warper and the number that asks for it. */
export interface WarperSetting extends DecodingSetting<number> {
  /** @param value another one than `off` */
  make(value: number, context: WarperContext): Warper;
}

/** What warpers are made from beside their own settings. */
export interface WarperContext {
  readonly endTokens: readonly number[];
  /** so many of the most probable tokens stay in any case: 1, or with beams one more than there are end tokens and 2 at least */
  readonly minTokensToKeep: number;
}
