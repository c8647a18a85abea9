/** Stresses of English words, by the lexicon that comes with Habsburg: nothing is downloaded. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { HabsburgError, fromSystemError } from '../../common/errors.js';
import { packageRoot } from '../../common/version.js';

/** Beside package.json, from the sources and from dist/ alike. */
const FILE = ['evaluations', 'lexicon', 'english-stress.br'];

let loaded: ReadonlyMap<string, string> | undefined;

/**
 * Of each word in lower case its syllables' stresses: 1 primary, 2 secondary, 0 none; '' of one without a vowel (hmm). Read once.
 * Source: the CMU Pronouncing Dictionary, first pronunciations. @throws HabsburgError where the file is missing or damaged
 */
export function stressLexicon(): ReadonlyMap<string, string> {
  if (loaded !== undefined) return loaded;
  const file = path.join(packageRoot(), ...FILE);
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw fromSystemError(error, `reading the lexicon of stresses, ${file}`);
  }
  try {
    loaded = parse(brotliDecompressSync(bytes).toString('utf8'));
  } catch (cause) {
    throw new HabsburgError('verification', `${file} is damaged; install Habsburg again`, { cause });
  }
  return loaded;
}

/** A line: a pattern, and words as how many letters (A: 0) they share with the one before, and the rest (scripts/stress-lexicon.mjs). */
function parse(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [stress, ...words] = line.split(' ');
    let before = '';
    for (const word of words) {
      before = before.slice(0, word.charCodeAt(0) - 65) + word.slice(1);
      found.set(before, stress);
    }
  }
  return found;
}

const NOT_INSIDE = /[^\p{L}\p{M}\p{N}']/u;
const SPOKEN = /[\p{L}\p{N}]/u;

/** Words in lower case as the lexicon has them, with apostrophes inside or at an end ('tis, don't, o'); of ’ it knows '. */
export function spokenWords(text: string): string[] {
  return text
    .toLowerCase()
    .replaceAll('’', "'")
    .split(NOT_INSIDE)
    .filter((piece) => SPOKEN.test(piece));
}

/** A word's stresses; without the apostrophes around it where the lexicon has it only so (a quotation); undefined: not known. */
export function stressesOf(word: string, lexicon: ReadonlyMap<string, string>): string | undefined {
  const known = lexicon.get(word);
  if (known !== undefined || !(word.startsWith("'") || word.endsWith("'"))) return known;
  let [from, to] = [0, word.length];
  while (word[from] === "'") from++;
  while (to > from && word[to - 1] === "'") to--;
  return lexicon.get(word.slice(from, to));
}
