import { describe, expect, test } from '@jest/globals';
import { grammarText, grammarTruth } from '../../data/grammar.js';
import { expectedCounts, makeLanguage, RULES } from '../../data/language.js';
import type { GrammarPlan } from '../../kinds/text/plan.js';
import { sha256 } from '../../common/canonical.js';
import { failure } from '../artifacts/object-store-contract.js';

const plan: GrammarPlan = { vocabulary: 600, zipf: 1.1, sentences: { train: 8_000, valid: 500, test: 500 }, seed: 1 };
const words = (text: string) => text.split(/\s+/).filter((w) => w !== '');

/** 4.9/7.8175 … : (determiner + .65 adjectives + noun) x 1.95 phrases, verb, .3 adverbs, .35 prepositions, stop; by hand. */
const LENGTH = 2.65 * 1.95 + 1 + 0.3 + 0.35 + 1;

describe('the exact distribution', () => {
  // an independent program (NumPy) computed these from the description of the language
  test.each([
    [
      600,
      1.1,
      {
        entropy: 4.909809610319113,
        first: 0.127918132395267,
        second: 0.06261330705052062,
        middle: 0.0004814830989047419,
        last: 0.00013025094581135954,
      },
    ],
    [
      50,
      2.0,
      {
        entropy: 3.5495728971236082,
        first: 0.127918132395267,
        second: 0.07332535009882787,
        middle: 0.013009176707326289,
        last: 0.003310814190887076,
      },
    ],
    [
      5000,
      1.3,
      {
        entropy: 5.352452314650379,
        first: 0.127918132395267,
        second: 0.06498911856599288,
        middle: 1.9338257413823316e-5,
        last: 4.497832271891932e-6,
      },
    ],
  ])('of %i words with exponent %f', (vocabulary, zipf, expected) => {
    const { words: w, probability: p } = grammarTruth({ vocabulary, zipf, seed: 3 });
    expect(w).toHaveLength(vocabulary);
    expect(new Set(w).size).toBe(vocabulary);
    expect(w.every((word) => /^([a-z]+|\.)$/.test(word))).toBe(true);
    expect(Math.abs(p.reduce((a, b) => a + b, 0) - 1)).toBeLessThan(1e-12);
    const entropy = -p.reduce((sum, x) => sum + x * Math.log(x), 0);
    const close = (value: number, reference: number) => expect(Math.abs(value / reference - 1)).toBeLessThan(1e-10);
    close(entropy, expected.entropy);
    close(p[0], expected.first);
    close(p[1], expected.second);
    close(p[vocabulary >> 1], expected.middle);
    close(p[vocabulary - 1], expected.last);
    expect(w[0]).toBe('.');
    close(p[0], 1 / LENGTH);
  });

  test("every symbol's rules sum to 1, and the expected counts are those of all derivations, enumerated", () => {
    for (const rules of Object.values(RULES)) expect(Math.abs(rules.reduce((sum, { p }) => sum + p, 0) - 1)).toBeLessThan(1e-12);
    const derivations = (symbols: readonly string[]): { p: number; leaves: string[] }[] => {
      if (symbols.length === 0) return [{ p: 1, leaves: [] }];
      const [head, ...rest] = symbols;
      const heads = RULES[head]?.flatMap(({ p, to }) => derivations(to).map((d) => ({ p: p * d.p, leaves: d.leaves }))) ?? [
        { p: 1, leaves: [head] },
      ];
      const tails = derivations(rest);
      return heads.flatMap((h) => tails.map((t) => ({ p: h.p * t.p, leaves: [...h.leaves, ...t.leaves] })));
    };
    const all = derivations(['sentence']);
    expect(all).toHaveLength(2 * 3 * 2 * 7 * 7);
    const counts: Record<string, number> = {};
    for (const { p, leaves } of all) for (const leaf of leaves) counts[leaf] = (counts[leaf] ?? 0) + p;
    const expected = expectedCounts('sentence');
    expect(Object.keys(expected).sort()).toEqual(Object.keys(counts).sort());
    for (const [name, n] of Object.entries(counts)) expect(expected[name]).toBeCloseTo(n, 12);
  });

  test('another seed gives other words with the same probabilities; too small a vocabulary is refused', async () => {
    const [a, b] = [1, 2].map((seed) => grammarTruth({ ...plan, seed }));
    const close = a.probability.every((p, i) => Math.abs(p - b.probability[i]) < 1e-15);
    expect(close).toBe(true);
    expect(a.words.filter((w) => b.words.includes(w)).length).toBeLessThan(200);
    expect(await failure((async () => grammarTruth({ ...plan, vocabulary: 40 }))())).toMatchObject({
      kind: 'invalid',
      message: expect.stringContaining('40 words'),
    });
  });
});

describe('the text', () => {
  const text = grammarText(plan, 'train');
  const paragraphs = text.split('\n').slice(0, -1).map(words);

  test('is the same for ever: its digest is part of every artifact made from it', () => {
    expect(grammarText(plan, 'train')).toBe(text);
    expect(sha256(grammarText({ ...plan, sentences: { ...plan.sentences, train: 100 } }, 'train'))).toBe(
      'sha256:1ec175e5d610e03d251bbf016b00797a3904c33a62396ee1b985b6964161eb7c',
    );
  });

  test('has the number of sentences asked for, in paragraphs of three to six', () => {
    const sentences = paragraphs.map((p) => p.filter((w) => w === '.').length);
    expect(sentences.reduce((a, b) => a + b, 0)).toBe(8_000);
    expect(new Set(sentences.slice(0, -1))).toEqual(new Set([3, 4, 5, 6]));
    expect(paragraphs.every((p) => p.at(-1) === '.')).toBe(true);
  });

  test('every word is of the language, and nearly every word of the language occurs', () => {
    const known = new Set(grammarTruth(plan).words);
    const seen = new Set(words(text));
    expect([...seen].filter((w) => !known.has(w))).toEqual([]);
    // the rarest are expected eight times in 62,000 words
    expect(seen.size).toBeGreaterThan(590);
  });

  test('word frequencies are those of the truth: chi-square over words, with the variance between paragraphs', () => {
    // Words of a paragraph depend on each other (topic, grammar), paragraphs do not. The count of a word less p x length has
    // mean 0 in each, so the standardised sums are normal with variance 1: their squares' mean is 1, and none is large.
    const truth = grammarTruth(plan);
    const counts = paragraphs.map((paragraph) => {
      const count = new Map<string, number>();
      for (const word of paragraph) count.set(word, (count.get(word) ?? 0) + 1);
      return { count, length: paragraph.length };
    });
    const total = counts.reduce((sum, { length }) => sum + length, 0);
    // rarer words' sums are not normal yet
    const common = truth.words.filter((_, i) => truth.probability[i] * total >= 25);
    expect(common.length).toBeGreaterThan(250);
    const z = common.map((word, i) => {
      let sum = 0;
      let squares = 0;
      for (const { count, length } of counts) {
        const residual = (count.get(word) ?? 0) - truth.probability[i] * length;
        sum += residual;
        squares += residual * residual;
      }
      return sum / Math.sqrt(squares);
    });
    const meanSquare = z.reduce((sum, x) => sum + x * x, 0) / z.length;
    // sd of the mean of n independent chi-square(1) variables is sqrt(2/n), here .08; words that share a topic are not quite independent
    expect(Math.abs(meanSquare - 1)).toBeLessThan(0.35);
    expect(Math.max(...z.map(Math.abs))).toBeLessThan(4.5);
  });

  test('words of a class without topics follow the Zipf-Mandelbrot law: multinomial chi-square, p > .001', () => {
    const language = makeLanguage(plan);
    const all = words(text);
    for (const [name, critical] of [
      ['determiner-singular', 13.82],
      ['determiner-plural', 13.82],
      ['preposition', 18.47],
    ] as const) {
      const list = language[name].words;
      const counts = list.map((w) => all.filter((x) => x === w).length);
      const total = counts.reduce((a, b) => a + b, 0);
      const weights = list.map((_, rank) => (rank + 3.7) ** -1.1);
      const sum = weights.reduce((a, b) => a + b, 0);
      const chi2 = counts.reduce((s, n, i) => s + (n - (total * weights[i]) / sum) ** 2 / ((total * weights[i]) / sum), 0);
      expect(chi2).toBeLessThan(critical);
    }
  });

  test('there is something to learn: number agrees, and a paragraph keeps to its topic', () => {
    const language = makeLanguage(plan);
    const classOf = new Map(Object.entries(language).flatMap(([name, c]) => c.words.map((w) => [w, name] as const)));
    const rankOf = new Map(Object.values(language).flatMap((c) => c.words.map((w, rank) => [w, rank] as const)));
    let disagreements = 0;
    for (const paragraph of paragraphs) {
      let noun = '';
      for (const word of paragraph) {
        const name = classOf.get(word)!;
        if (name.startsWith('determiner')) noun = name.replace('determiner', 'noun');
        if (name.startsWith('noun') && name !== noun) disagreements++;
        if (name.startsWith('verb') && name !== noun.replace('noun', 'verb')) disagreements++;
      }
    }
    expect(disagreements).toBe(0);
    // 70 % of an open class's words come from one of four topics, the others from all: about .775 share the commonest topic
    const shares = paragraphs.map((paragraph) => {
      const topics = [0, 0, 0, 0];
      for (const word of paragraph) {
        const c = language[classOf.get(word)!];
        if (c.topical) topics[rankOf.get(word)! % 4]++;
      }
      return Math.max(...topics) / topics.reduce((a, b) => a + b, 0);
    });
    const mean = shares.reduce((a, b) => a + b, 0) / shares.length;
    expect(mean).toBeGreaterThan(0.72);
    expect(mean).toBeLessThan(0.83);
  });

  test('splits are other sentences of the same language; a longer split begins with the shorter one', () => {
    const [valid, other] = [grammarText(plan, 'valid'), grammarText(plan, 'test')].map((t) => t.split(' . '));
    const train = new Set(text.split(/ \.\s/));
    const shared = (a: string[], b: Set<string>) => a.filter((s) => b.has(s)).length / a.length;
    expect(shared(valid, new Set(other))).toBeLessThan(0.05);
    expect(shared(valid, train)).toBeLessThan(0.1);
    const longer = grammarText({ ...plan, sentences: { ...plan.sentences, valid: 1000 } }, 'valid');
    const lines = grammarText(plan, 'valid').split('\n').slice(0, -2);
    expect(longer.startsWith(lines.join('\n'))).toBe(true);
  });
});
