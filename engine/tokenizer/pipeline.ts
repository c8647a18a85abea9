/**
 * A tokenizer.json as a tokenizer: added tokens, normalizer, pre-tokenizer, model, decoder, in the order of Hugging Face tokenizers.
 * Everything in the file is checked when it is opened; what would be done otherwise there is refused by name.
 */
import { fromSystemError, HabsburgError, isHabsburgError } from '../../common/errors.js';
import { AddedTokenFinder, readAddedTokens } from './added-tokens.js';
import { readDecoder } from './decoders.js';
import { damaged, Fields } from './fields.js';
import { readModel } from './models.js';
import { readNormalizer } from './normalizers.js';
import { ownCopy } from './own-copy.js';
import { withinTime } from './patterns.js';
import { readAround } from './around.js';
import { readPreTokenizer, type Piece } from './pre-tokenizers.js';
import type { Tokenizer } from './types.js';

/** A word's ids are kept for the next time it occurs, up to so many words; natural text repeats them. */
const CACHE_WORDS = 200_000;
/** Longer ones hardly come twice. */
const CACHE_LENGTH = 256;

/**
 * @param json the parsed file
 * @param file its name, for messages
 * @throws HabsburgError `verification` where it is damaged, `invalid` naming what is not supported
 */
export function openTokenizer(json: unknown, file: string): Tokenizer {
  return guarded(file, () => build(json, file));
}

/** What goes wrong inside is the file's doing: nesting without end, values that nobody foresaw. */
export function guarded<T>(file: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (isHabsburgError(error)) throw error;
    if (error instanceof RangeError || error instanceof TypeError || error instanceof SyntaxError)
      throw new HabsburgError('verification', `${file}: cannot be used as a tokenizer (${error.message})`, { cause: error });
    throw fromSystemError(error, file);
  }
}

function build(json: unknown, file: string): Tokenizer {
  const root = new Fields(json, file);
  if (root.raw('model') === undefined || root.raw('added_tokens') === undefined)
    throw damaged(`${file}: no model and added_tokens`);
  const model = readModel(root.raw('model'), `${file}: model`);
  const added = readAddedTokens(root.list('added_tokens'), `${file}: added_tokens`);
  const normalizer = readNormalizer(root.raw('normalizer'), `${file}: normalizer`);
  const preTokenizer = readPreTokenizer(root.raw('pre_tokenizer'), `${file}: pre_tokenizer`);
  const decoder = readDecoder(root.raw('decoder'), `${file}: decoder`);
  const { prefix, suffix } = readAround(root.raw('post_processor'), `${file}: post_processor`);
  const inText = new AddedTokenFinder(added.filter(({ normalized }) => !normalized));
  const spelled = (content: string): string => (normalizer.safe ? normalizer.apply(content) : withinTime(content.length, file, () => normalizer.apply(content))); // prettier-ignore
  const inNormalized = new AddedTokenFinder(
    added.filter(({ normalized }) => normalized),
    spelled,
  );

  const idOf = new Map([...model.vocabulary, ...added.map(({ content, id }) => [content, id] as const)]);
  const tokenOf = new Map([...model.vocabulary].map(([token, id]) => [id, token]));
  // as there, a token that is looked for in normalised text is written so, too
  for (const { content, id, normalized } of added) tokenOf.set(id, normalized ? spelled(content) : content);
  let size = 0;
  for (const id of tokenOf.keys()) size = Math.max(size, id + 1);

  const cache = new Map<string, readonly number[]>();
  function encodeWord(word: string): readonly number[] {
    const known = cache.get(word);
    if (known !== undefined) return known;
    const ids = model.encode(preTokenizer.spell?.(word) ?? word);
    if (word.length > CACHE_LENGTH) return ids;
    if (cache.size >= CACHE_WORDS) cache.clear();
    cache.set(ownCopy(word), ids);
    return ids;
  }

  function encode(text: string): number[] {
    const ids: number[] = [];
    const encodePiece = (piece: Piece): void => {
      for (const word of preTokenizer.split(piece)) for (const id of encodeWord(word.text)) ids.push(id);
    };
    for (const section of inText.split(text)) {
      if (section.token !== undefined) {
        ids.push(section.token.id);
        continue;
      }
      for (const part of inNormalized.split(normalizer.apply(section.text))) {
        if (part.token !== undefined) ids.push(part.token.id);
        else encodePiece({ text: part.text, first: section.at === 0 && part.at === 0 });
      }
    }
    return ids;
  }

  function decode(ids: ArrayLike<number>): string {
    const tokens: string[] = [];
    for (let i = 0; i < ids.length; i++) {
      const token = tokenOf.get(ids[i]);
      if (token !== undefined) tokens.push(token);
    }
    return tokens.length === 0 ? '' : decoder.apply(tokens).join('');
  }

  const fast = normalizer.safe && preTokenizer.safe && decoder.safe;
  const bounded = <T>(length: number, run: () => T): T => guarded(file, fast ? run : () => withinTime(length, file, run));
  return {
    size,
    prefix,
    suffix,
    specials: added.filter(({ special }) => special).map(({ content }) => content),
    encode: (text) => bounded(text.length, () => encode(text)),
    decode: (ids) => bounded(ids.length * 8, () => decode(ids)),
    idOf: (token) => idOf.get(token),
  };
}
