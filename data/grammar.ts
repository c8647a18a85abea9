/** Text of the synthetic language, and the exact distribution of its words: what a model trained on its own output loses can be counted. */
import { HabsburgError } from '../common/errors.js';
import { CounterRng } from '../common/philox.js';
import type { Truth } from '../evaluations/types.js';
import type { GrammarPlan } from '../kinds/text/plan.js';
import { expectedCounts, makeLanguage, RULES, TOPICAL, TOPICS, type Language, type WordClass } from './language.js';

/** The exact distribution, as an artifact holds it. */
export const TRUTH_FILE = 'truth.json';

export type Split = 'train' | 'valid' | 'test';

/** Sentences of a paragraph: uniformly one of these. A paragraph is one line of text, on one topic. */
const PARAGRAPH = [3, 4, 5, 6];

/**
 * Text of one split: paragraphs, one a line, of sentences whose words are separated by single spaces (the full stop is a word).
 * A pure function of its arguments; splits are independent streams of the same language.
 */
export function grammarText(plan: GrammarPlan, split: Split): string {
  const language = makeLanguage(plan);
  const tables = new Map(Object.entries(language).map(([name, c]) => [name, wordTables(c)]));
  const rng = new CounterRng({ seed: plan.seed, generation: 0, member: 'grammar', step: 'zipf', purpose: split });
  const paragraphs = rng.derive('paragraphs');
  const lines: string[] = [];
  let done = 0;
  while (done < plan.sentences[split]) {
    const paragraph = lines.length;
    const topic = paragraphs.integer(TOPICS, paragraph, 0);
    const length = Math.min(PARAGRAPH[paragraphs.integer(PARAGRAPH.length, paragraph, 1)], plan.sentences[split] - done);
    const words: string[] = [];
    for (let i = 0; i < length; i++) {
      const sentence = done + i;
      let lane = 0;
      derive(
        'sentence',
        () => rng.uniform(sentence, lane++),
        (name, u) => {
          const table = tables.get(name);
          if (!table) throw new HabsburgError('failed', `internal: ${name} is neither a rule nor a word class`);
          words.push(language[name].words[pick(table[topic], u)]);
        },
      );
    }
    lines.push(`${words.join(' ')}\n`);
    done += length;
  }
  return lines.join('');
}

/** Expands `symbol` from left to right, a draw a choice, and hands over each word class with the draw for its word. */
function derive(symbol: string, draw: () => number, emit: (wordClass: string, u: number) => void): void {
  const rules = RULES[symbol];
  if (!rules) return emit(symbol, draw());
  let u = rules.length > 1 ? draw() : 0;
  // the last rule takes what rounding leaves
  const rule = rules.find(({ p }, i) => i === rules.length - 1 || (u -= p) < 0);
  for (const part of rule?.to ?? []) derive(part, draw, emit);
}

/** P(word | class, topic): with probability TOPICAL from the topic's words, else from the whole class. */
function wordProbabilities({ probability, topical }: WordClass, topic: number): number[] {
  if (!topical) return [...probability];
  const mass = probability.reduce((sum, p, rank) => (rank % TOPICS === topic ? sum + p : sum), 0);
  return probability.map((p, rank) => (1 - TOPICAL) * p + (rank % TOPICS === topic ? (TOPICAL * p) / mass : 0));
}

/** Cumulative distributions, one a topic. */
function wordTables(wordClass: WordClass): Float64Array[] {
  return Array.from({ length: TOPICS }, (_, topic) => {
    let sum = 0;
    return Float64Array.from(wordProbabilities(wordClass, topic), (p) => (sum += p));
  });
}

/** The first entry above u x total, by bisection. */
function pick(cumulative: Float64Array, u: number): number {
  const target = u * cumulative[cumulative.length - 1];
  let low = 0;
  let high = cumulative.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cumulative[middle] > target) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * The exact marginal distribution over words at a random word position of an endless text: expected count of the word in a
 * sentence over the expected length of a sentence (topics are uniform and independent of length). Most frequent first.
 */
export function grammarTruth(plan: Pick<GrammarPlan, 'vocabulary' | 'zipf' | 'seed'>): Truth {
  const language: Language = makeLanguage(plan);
  const counts = expectedCounts('sentence');
  const length = Object.values(counts).reduce((a, b) => a + b, 0);
  const entries: [string, number][] = [];
  for (const [name, wordClass] of Object.entries(language)) {
    const byTopic = Array.from({ length: TOPICS }, (_, topic) => wordProbabilities(wordClass, topic));
    wordClass.words.forEach((word, rank) => {
      const given = byTopic.reduce((sum, p) => sum + p[rank], 0) / TOPICS;
      entries.push([word, (counts[name] / length) * given]);
    });
  }
  entries.sort(([a, p], [b, q]) => q - p || (a < b ? -1 : 1));
  return { words: entries.map(([word]) => word), probability: entries.map(([, p]) => p) };
}
