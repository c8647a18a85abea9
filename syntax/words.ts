/** What tagger and parser see of a word: hashes of its form, its ends and its shape. */
import { hashOf } from './hash.js';

export interface Word {
  /** as written, digits as 0 */
  readonly form: number;
  /** in lower case */
  readonly lower: number;
  /** the last 1 to 5 and the first 1 to 4 characters in lower case; a shorter word's whole */
  readonly suffixes: readonly number[];
  readonly prefixes: readonly number[];
  /** kinds of its characters, runs shortened to two */
  readonly shape: number;
}

/** More than any word: a longer one is looked at up to here, and from its end. */
const LONGEST = 64;
const SUFFIXES = 5;
const PREFIXES = 4;

const kindOf = (char: string): string => {
  if (/\p{Lu}/u.test(char)) return 'X';
  if (/\p{L}/u.test(char)) return 'x';
  if (/\p{N}/u.test(char)) return '0';
  return /\p{S}/u.test(char) ? '$' : char;
};

function look(form: string): Word {
  const whole = Array.from(form.length > LONGEST ? form.slice(0, LONGEST / 2) + form.slice(-LONGEST / 2) : form);
  const plain = whole.map((char) => (/\p{Nd}/u.test(char) ? '0' : char)).join('');
  const lower = plain.toLowerCase();
  const chars = Array.from(lower);
  let shape = '';
  for (const char of whole) {
    const kind = kindOf(char);
    if (!shape.endsWith(kind + kind)) shape += kind;
  }
  return {
    form: hashOf(plain),
    lower: hashOf(lower),
    suffixes: Array.from({ length: SUFFIXES }, (_, i) => hashOf(chars.slice(-i - 1).join(''))),
    prefixes: Array.from({ length: PREFIXES }, (_, i) => hashOf(chars.slice(0, i + 1).join(''))),
    shape: hashOf(shape),
  };
}

const KEPT = 50_000;
const known = new Map<string, Word>();

/** The same for the same form; the forms that were looked at first are remembered. */
export function wordOf(form: string): Word {
  const old = known.get(form);
  if (old !== undefined) return old;
  const word = look(form);
  if (known.size < KEPT && form.length <= LONGEST) known.set(form, word);
  return word;
}
