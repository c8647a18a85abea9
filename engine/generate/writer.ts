/** A model as the generation loop asks it. */
import type { Decoder } from './decoder.js';
import type { Writer } from './types.js';

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
