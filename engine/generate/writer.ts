/** What the generation loop asks of a model, or of two: prompts in, scores out, and places that are given up. */
import type { Decoder } from './decoder.js';
import type { Scores } from './types.js';

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

/** One model. */
export function writerOf(decoder: Decoder): Writer {
  let cache: ReturnType<Decoder['emptyCache']>;
  return {
    begin: (newTokens, places) => void (cache = decoder.emptyCache(newTokens, places)),
    read: (prompts) => decoder.read(cache, prompts),
    widthFor: (tokens) => decoder.widthFor(tokens),
    write(parents, tokens, width) {
      cache.reserve(parents, width);
      return decoder.write(cache, tokens, width);
    },
    remove: (place) => cache.remove(place),
    release: () => decoder.release(),
  };
}
