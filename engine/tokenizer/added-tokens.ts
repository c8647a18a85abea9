/** Tokens that are recognised as a whole in a text, before it is split: special ones, and words that were added to a vocabulary. */
import { damaged, Fields, tokenId } from './fields.js';

export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** takes the white space before it, or behind it, along */
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  /** not inside a word */
  readonly singleWord: boolean;
  /** looked for in the normalised text, as its content is normalised */
  readonly normalized: boolean;
  readonly special: boolean;
}

export function readAddedTokens(list: readonly unknown[], where: string): AddedToken[] {
  return list.map((value, i) => {
    const token = new Fields(value, `${where}.${i}`);
    const special = token.boolean('special', false);
    const added = {
      id: tokenId(token.raw('id'), token.where),
      content: token.string('content'),
      lstrip: token.boolean('lstrip', false),
      rstrip: token.boolean('rstrip', false),
      singleWord: token.boolean('single_word', false),
      normalized: token.boolean('normalized', !special),
      special,
    };
    if (added.content === '') throw damaged(`${token.where}.content is empty`);
    token.done();
    return added;
  });
}

/** A part of a text, from `at` on: text, or an added token. */
export interface Section {
  readonly text: string;
  readonly at: number;
  readonly token?: AddedToken;
}

/** Finds added tokens, the leftmost first, of those that begin at one place the longest. */
export class AddedTokenFinder {
  /** by their first character; longest first */
  readonly #byStart = new Map<string, [text: string, token: AddedToken][]>();
  readonly #starts: RegExp | undefined;

  /** @param spelled what to look for: a token's content, normalised or not */
  constructor(tokens: readonly AddedToken[], spelled: (content: string) => string = (content) => content) {
    for (const token of tokens) {
      const text = spelled(token.content);
      if (text === '') continue;
      const same = this.#byStart.get(text[0]) ?? [];
      if (!same.some(([known]) => known === text)) same.push([text, token]);
      this.#byStart.set(text[0], same);
    }
    for (const same of this.#byStart.values()) same.sort(([a], [b]) => b.length - a.length);
    const starts = [...this.#byStart.keys()].map((char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
    if (starts.length > 0) this.#starts = new RegExp(`[${starts.join('')}]`, 'g'); // no flag u: halves of characters count
  }

  /** The sections of a text, in order; joined they are the text. */
  split(text: string): Section[] {
    const sections: Section[] = [];
    let end = 0;
    let next = 0;
    for (let at = this.#find(text, 0); at >= 0; at = this.#find(text, next)) {
      next = at + 1;
      const match = this.#byStart.get(text[at])!.find(([content]) => text.startsWith(content, at));
      if (match === undefined) continue;
      const [content, token] = match;
      let from = at;
      let to = at + content.length;
      next = to;
      if (token.singleWord && (WORD_BEFORE.test(text.slice(Math.max(0, from - 2), from)) || WORD_BEHIND.test(text.slice(to, to + 2)))) continue; // prettier-ignore
      if (token.lstrip) while (from > end && isSpace(text[from - 1])) from--;
      if (token.rstrip) while (to < text.length && isSpace(text[to])) to++;
      if (from > end) sections.push({ text: text.slice(end, from), at: end });
      sections.push({ text: text.slice(from, to), at: from, token });
      end = next = to;
    }
    if (end < text.length) sections.push({ text: text.slice(end), at: end });
    return sections;
  }

  #find(text: string, from: number): number {
    if (this.#starts === undefined) return -1;
    this.#starts.lastIndex = from;
    return this.#starts.exec(text)?.index ?? -1;
  }
}

const WORD_BEFORE = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u;
const WORD_BEHIND = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;
const isSpace = (character: string): boolean => /\p{White_Space}/u.test(character);
