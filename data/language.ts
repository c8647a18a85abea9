/** The rules of the synthetic language "zipf": a small phrase-structure grammar with agreement, and its classes of made-up words. */
import { HabsburgError } from '../common/errors.js';
import { CounterRng } from '../common/philox.js';
import type { GrammarPlan } from '../kinds/text/plan.js';

/** Right-hand sides of a symbol with their probabilities; what has no rule is a word class. */
type Rules = Readonly<Record<string, readonly { readonly p: number; readonly to: readonly string[] }[]>>;

/** Subject and verb agree in number, and so do a noun and its determiner: something that a model can get wrong. */
export const RULES: Rules = {
  sentence: [
    { p: 0.6, to: ['clause-singular'] },
    { p: 0.4, to: ['clause-plural'] },
  ],
  'clause-singular': [{ p: 1, to: ['phrase-singular', 'verb-singular', 'manner', 'object', 'place', 'stop'] }],
  'clause-plural': [{ p: 1, to: ['phrase-plural', 'verb-plural', 'manner', 'object', 'place', 'stop'] }],
  'phrase-singular': [{ p: 1, to: ['determiner-singular', 'qualities', 'noun-singular'] }],
  'phrase-plural': [{ p: 1, to: ['determiner-plural', 'qualities', 'noun-plural'] }],
  phrase: [
    { p: 0.6, to: ['phrase-singular'] },
    { p: 0.4, to: ['phrase-plural'] },
  ],
  qualities: [
    { p: 0.5, to: [] },
    { p: 0.35, to: ['adjective'] },
    { p: 0.15, to: ['adjective', 'adjective'] },
  ],
  manner: [
    { p: 0.7, to: [] },
    { p: 0.3, to: ['adverb'] },
  ],
  object: [
    { p: 0.4, to: [] },
    { p: 0.6, to: ['phrase'] },
  ],
  place: [
    { p: 0.65, to: [] },
    { p: 0.35, to: ['preposition', 'phrase'] },
  ],
};

/** How many words a class has: a fixed count, or a share of what the fixed classes leave of the vocabulary. */
const CLASSES: Readonly<Record<string, { readonly fixed?: number; readonly share?: number; readonly ending: string }>> = {
  stop: { fixed: 1, ending: '' },
  'determiner-singular': { fixed: 3, ending: '' },
  'determiner-plural': { fixed: 3, ending: '' },
  preposition: { fixed: 5, ending: '' },
  'noun-singular': { share: 0.24, ending: 'o' },
  'noun-plural': { share: 0.18, ending: 'on' },
  'verb-singular': { share: 0.14, ending: 'it' },
  'verb-plural': { share: 0.11, ending: 'an' },
  adjective: { share: 0.21, ending: 'ul' },
  adverb: { share: 0.12, ending: 'es' },
};

/** Words of an open class belong to topics in turn; a paragraph has one topic. */
export const TOPICS = 4;
/** Probability that a word of an open class is drawn from the paragraph's topic rather than from the whole class. */
export const TOPICAL = 0.7;
/** Mandelbrot's shift: flattens the head of the law, p(rank) ~ (rank + shift)^-exponent. */
const SHIFT = 2.7;

/** One word class: words by rank, each with its share of the class and, in an open class, of its topic. */
export interface WordClass {
  readonly words: readonly string[];
  /** Zipf–Mandelbrot, sum 1 */
  readonly probability: readonly number[];
  readonly topical: boolean;
}

export type Language = Readonly<Record<string, WordClass>>;

/**
 * The language's words. Another seed gives other words with the same laws.
 * @throws 'invalid' where the vocabulary is too small for every class and topic to have words
 */
export function makeLanguage(plan: Pick<GrammarPlan, 'vocabulary' | 'zipf' | 'seed'>): Language {
  const sizes = classSizes(plan.vocabulary);
  const taken = new Set<string>();
  const rng = new CounterRng({ seed: plan.seed, generation: 0, member: 'grammar', step: 'zipf', purpose: 'words' });
  const language: Record<string, WordClass> = {};
  let draw = 0;
  for (const [name, { fixed, ending }] of Object.entries(CLASSES)) {
    const words: string[] = [];
    while (words.length < sizes[name]) {
      // frequent words are short, as in any language
      const syllables = fixed !== undefined || words.length < 12 ? 1 : words.length < 20_000 ? 2 : 3;
      const word = name === 'stop' ? '.' : makeWord(rng, draw++, syllables) + ending;
      if (taken.has(word)) continue;
      taken.add(word);
      words.push(word);
    }
    language[name] = { words, probability: zipfMandelbrot(words.length, plan.zipf), topical: fixed === undefined };
  }
  return language;
}

function classSizes(vocabulary: number): Record<string, number> {
  const classes = Object.entries(CLASSES);
  const open = vocabulary - classes.reduce((sum, [, c]) => sum + (c.fixed ?? 0), 0);
  const sizes: Record<string, number> = {};
  let left = open;
  for (const [name, c] of classes) {
    sizes[name] = c.fixed ?? Math.floor(open * (c.share ?? 0));
    if (c.fixed === undefined) left -= sizes[name];
    if (c.fixed === undefined && sizes[name] < TOPICS) {
      throw new HabsburgError(
        'invalid',
        `data.grammar.vocabulary: ${vocabulary} words are too few for ${name} to have one a topic; use 50 or more`,
      );
    }
  }
  sizes['noun-singular'] += left; // rounding
  return sizes;
}

function zipfMandelbrot(n: number, exponent: number): number[] {
  const weights = Array.from({ length: n }, (_, rank) => (rank + 1 + SHIFT) ** -exponent);
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / sum);
}

const ONSETS = ['b', 'd', 'f', 'h', 'k', 'l', 'm', 'n', 'p', 'r', 's', 't', 'v', 'z', 'br', 'dr', 'kl', 'st', 'tr', 'sh', 'pl'];
const VOWELS = ['a', 'e', 'i', 'o', 'u', 'ai', 'ou'];
const CODAS = ['', '', 'n', 'r', 'l', 's', 'm'];

function makeWord(rng: CounterRng, index: number, syllables: number): string {
  let word = '';
  for (let s = 0; s < syllables; s++) {
    word += ONSETS[rng.integer(ONSETS.length, index, 3 * s)] + VOWELS[rng.integer(VOWELS.length, index, 3 * s + 1)];
    word += CODAS[rng.integer(CODAS.length, index, 3 * s + 2)];
  }
  return word;
}

/** Expected number of words of each class in one derivation of `symbol`; the rules are not recursive. */
export function expectedCounts(symbol: string): Record<string, number> {
  const rules = RULES[symbol];
  if (!rules) return { [symbol]: 1 };
  const counts: Record<string, number> = {};
  for (const { p, to } of rules) {
    for (const part of to)
      for (const [name, n] of Object.entries(expectedCounts(part))) counts[name] = (counts[name] ?? 0) + p * n;
  }
  return counts;
}
