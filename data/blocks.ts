/** Text to training blocks by the rule `bos-line`, as in Shumailov et al. (Nature 2024) and OPT's tokenizer on WikiText's rows. */
import { HabsburgError } from '../common/errors.js';

/** What is needed of a tokenizer here. */
export interface TextTokenizer {
  /** ids without added special tokens */
  encode(text: string): number[];
  decode(ids: readonly number[]): string;
  /** the token between lines, `</s>` in OPT */
  readonly eosId: number;
  /** strings that `encode` turns into special tokens; default: the text of eosId */
  readonly specials?: readonly string[];
}

/** Python's str.strip() would leave nothing. */
const BLANK = /^[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*$/;

/** The lines of a text, split at "\n" only; the last one is no line where it is empty. */
export function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/**
 * Every line becomes `</s>` + line + "\n", a blank one `</s>` alone; lines are encoded one by one, concatenated and cut into
 * blocks; the remainder is dropped. `</s>` written out in the text stays text: it is encoded in two pieces, so that no line of
 * a corpus can end a document.
 */
export class BlockPacker {
  /** lines and tokens that were read; the remainder is among the tokens */
  lines = 0;
  tokens = 0;
  blocks = 0;
  #current: number[] = [];
  readonly #specials: readonly string[];

  /**
   * @param block tokens a block, >= 1
   * @param limit at most so many blocks; default: all
   */
  constructor(
    readonly tokenizer: TextTokenizer,
    readonly block: number,
    readonly limit = Infinity,
  ) {
    if (!Number.isInteger(block) || block < 1)
      throw new HabsburgError('invalid', `data.block: ${block} is no number of tokens; use 1 or more`);
    this.#specials = specialsOf(tokenizer);
  }

  /** Nothing that follows would be read. */
  get full(): boolean {
    return this.blocks >= this.limit;
  }

  /** Takes the next lines; gives the blocks that they fill, each of exactly `block` token ids. */
  *add(lines: Iterable<string>): Generator<number[], void, undefined> {
    for (const line of lines) {
      if (this.full) return;
      this.lines++;
      const ids = lineTokens(line, this.tokenizer, this.#specials);
      this.tokens += ids.length;
      for (const id of ids) this.#current.push(id);
      let from = 0;
      for (; this.#current.length - from >= this.block && !this.full; from += this.block) {
        this.blocks++;
        yield this.#current.slice(from, from + this.block);
      }
      if (from > 0) this.#current = this.#current.slice(from);
    }
  }
}

/** Names of special tokens that a text might spell out. */
export function specialsOf(tokenizer: Pick<TextTokenizer, 'specials' | 'decode' | 'eosId'>): string[] {
  return (tokenizer.specials ?? [tokenizer.decode([tokenizer.eosId])]).filter((name) => name.length > 1);
}

/** A line by the rule `bos-line`. */
export function lineTokens(line: string, tokenizer: TextTokenizer, specials: readonly string[]): number[] {
  return [tokenizer.eosId, ...(BLANK.test(line) ? [] : encodeAsText(`${line}\n`, tokenizer, specials))];
}

/**
 * Encodes a text in which special tokens' names are ordinary characters, by never showing `encode` such a name whole.
 * @param isText says of a name at [from, to) whether it is; default: every one
 */
export function encodeAsText(
  text: string,
  tokenizer: Pick<TextTokenizer, 'encode'>,
  specials: readonly string[],
  isText: (from: number, to: number) => boolean = () => true,
): number[] {
  const cuts = new Set<number>();
  for (const special of specials) {
    for (let at = text.indexOf(special); at >= 0; at = text.indexOf(special, at + 1))
      if (isText(at, at + special.length)) cuts.add(at + 1);
  }
  if (cuts.size === 0) return tokenizer.encode(text);
  const ends = [...cuts].sort((a, b) => a - b);
  return [0, ...ends].flatMap((from, i) => tokenizer.encode(text.slice(from, ends[i])));
}
