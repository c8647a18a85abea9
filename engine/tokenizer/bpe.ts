/** Byte-level BPE encoding and decoding with a cache of words; exact to the byte in both directions. */
import { fromByteChars, splitWords, toByteChars } from './byte-level.js';
import { Merges } from './merges.js';
import type { Tokenizer } from './types.js';

/** A word's ids are kept for the next time it occurs, up to so many words; natural text repeats them. */
const CACHE_WORDS = 200_000;
/** Longer ones hardly come twice. */
const CACHE_LENGTH = 256;

export class ByteLevelBpe implements Tokenizer {
  readonly size: number;
  readonly #tokenOf: readonly string[];
  readonly #idOf: ReadonlyMap<string, number>;
  readonly #merges: Merges;
  readonly #added: ReadonlyMap<string, number>;
  readonly #addedById: ReadonlyMap<number, string>;
  readonly #addedPattern: RegExp | undefined;
  readonly #cache = new Map<string, readonly number[]>();

  /**
   * @param vocabulary token of every id
   * @param merges pairs in order of rank
   * @param added tokens that are recognised in the text before it is split (specials among them)
   * @param prefix what comes before a text
   * @param specials which of the added ones are special
   */
  constructor(
    vocabulary: ReadonlyMap<string, number>,
    merges: readonly (readonly [string, string])[],
    added: ReadonlyMap<string, number>,
    readonly prefix: readonly number[],
    readonly specials: readonly string[] = [...added.keys()],
  ) {
    this.#idOf = vocabulary;
    this.#merges = new Merges(merges, vocabulary);
    const tokens: string[] = [];
    for (const [token, id] of [...vocabulary, ...added]) tokens[id] = token;
    this.#tokenOf = tokens;
    this.size = tokens.length;
    this.#added = added;
    this.#addedById = new Map([...added].map(([token, id]) => [id, token]));
    // Longest first: where two added tokens start at one place the longer one is meant.
    const alternatives = [...added.keys()]
      .sort((a, b) => b.length - a.length)
      .map((token) => token.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
    this.#addedPattern = alternatives.length > 0 ? new RegExp(`(${alternatives.join('|')})`, 'u') : undefined;
  }

  encode(text: string): number[] {
    const ids: number[] = [];
    const sections = this.#addedPattern ? text.split(this.#addedPattern) : [text];
    for (const section of sections) {
      const added = this.#added.get(section);
      if (added !== undefined) ids.push(added);
      else for (const word of splitWords(section)) for (const id of this.#encodeWord(word)) ids.push(id);
    }
    return ids;
  }

  decode(ids: ArrayLike<number>): string {
    let text = '';
    let chars = '';
    for (let i = 0; i < ids.length; i++) {
      const added = this.#addedById.get(ids[i]);
      if (added === undefined) {
        chars += this.#tokenOf[ids[i]] ?? '';
      } else {
        text += fromByteChars(chars) + added;
        chars = '';
      }
    }
    return text + fromByteChars(chars);
  }

  idOf(token: string): number | undefined {
    return this.#added.get(token) ?? this.#idOf.get(token);
  }

  #encodeWord(word: string): readonly number[] {
    const known = this.#cache.get(word);
    if (known) return known;
    const ids = this.#merges.apply(Array.from(toByteChars(word), (char) => this.#idOf.get(char)!));
    if (word.length > CACHE_LENGTH) return ids;
    if (this.#cache.size >= CACHE_WORDS) this.#cache.clear();
    this.#cache.set(word, ids);
    return ids;
  }
}
