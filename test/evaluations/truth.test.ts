import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { CounterRng } from '../../common/philox.js';
import { grammarText, grammarTruth } from '../../data/grammar.js';
import { klOfHonestSampling, klPlugIn, klToTruth } from '../../evaluations/kl-to-truth.js';
import { tailLost, tailOf } from '../../evaluations/tail-lost.js';
import { defaultsOf } from '../../evaluations/types.js';
import type { Truth } from '../../evaluations/types.js';
import { countWords } from '../../evaluations/words.js';
import { written } from './support.js';

const golden = JSON.parse(readFileSync(new URL('../golden/metrics/truth.json', import.meta.url), 'utf8')) as {
  probability: number[];
  kl_honest: Record<string, number>;
  tail_honest: Record<string, number>;
};
const truth: Truth = {
  words: golden.probability.map((_, i) => `w${String(i).padStart(2, '0')}`),
  probability: golden.probability,
};

const scoring = (texts: string[], of: Truth = truth) => written(texts, of);
const valueOf = (rows: { variant: string; value: number }[], end: string): number =>
  rows.find((r) => r.variant.endsWith(end))!.value;

describe('words', () => {
  const language: Truth = { words: ['ba', 'do', 'mr.'], probability: [0.5, 0.3, 0.2] };

  test('pieces at a text’s edges may be half words and are left out; special tokens separate', () => {
    expect(countWords(['a ba do b', ' ba do ', '</s>ba</s>do</s>'], language, 100)).toEqual({
      counts: Uint32Array.of(3, 3, 0),
      outside: 0,
      total: 6,
    });
  });

  test('punctuation is dropped unless the language has it; other words are outside', () => {
    expect(countWords([' (ba), mr. . xyz do! \n'], language, 100)).toEqual({
      counts: Uint32Array.of(1, 1, 1),
      outside: 1,
      total: 4,
    });
  });

  test('stops at the limit, across texts', () => {
    expect(countWords([' ba ba ', ' do do '], language, 3)).toEqual({ counts: Uint32Array.of(2, 1, 0), outside: 0, total: 3 });
  });
});

describe('tail-lost', () => {
  test('the tail is the rarest words below the mass, ties in order', () => {
    const even: Truth = { words: ['d', 'c', 'b', 'a'], probability: [0.4, 0.4, 0.1, 0.1] };
    expect(tailOf(even, 0.05)).toEqual([]);
    expect(tailOf(even, 0.1)).toEqual([3]);
    expect(tailOf(even, 0.25)).toEqual([3, 2]);
  });

  test('counts words that never occur; the baseline is the exact one', () => {
    const settings = { ...defaultsOf(tailLost), mass: 0.019 }; // the three rarest of 40
    const rows = tailLost.compute(scoring([` ${'w00 '.repeat(299)}w39 `]), settings);
    expect(rows.map((r) => r.n)).toEqual([300, 300]);
    expect(rows[0].value).toBeCloseTo(2 / 3, 12);
    expect(rows[1].value).toBeCloseTo(golden.tail_honest['300'], 12);
  });

  test('honest sampling loses what the law says (coupon collector, 400 words, 200 repeats)', () => {
    const losses = Array.from({ length: 200 }, (_, i) =>
      valueOf(tailLost.compute(scoring([sample(400, i)]), { words: 400, mass: 0.2 }), 'share-of-tail-words'),
    );
    const [, honest] = tailLost.compute(scoring([sample(400, 0)]), { words: 400, mass: 0.2 });
    const mean = losses.reduce((a, b) => a + b, 0) / losses.length;
    const sd = Math.sqrt(losses.reduce((a, b) => a + (b - mean) ** 2, 0) / (losses.length - 1));
    expect(Math.abs(mean - honest.value)).toBeLessThan((4 * sd) / Math.sqrt(losses.length));
    expect(honest.value).toBeGreaterThan(0.01);
  });
});

describe('kl-to-truth', () => {
  test.each(Object.entries(golden.kl_honest))('expectation under %s honest draws is the exact binomial sum', (n, expected) => {
    expect(klOfHonestSampling(Number(n), golden.probability)).toBeCloseTo(expected, 10);
  });

  test('for many draws it is (words - 1) / 2n', () => {
    const n = 1_000_000;
    expect(klOfHonestSampling(n, golden.probability) / ((golden.probability.length - 1) / (2 * n))).toBeCloseTo(1, 3);
  });

  test('0 at the truth, ln of the ratio for a single word', () => {
    expect(klPlugIn([5, 3, 2], [0.5, 0.3, 0.2])).toBeCloseTo(0, 15);
    expect(klPlugIn([0, 7, 0], [0.5, 0.3, 0.2])).toBeCloseTo(Math.log(1 / 0.3), 14);
  });

  test('words outside are reported, not smoothed in', () => {
    const rows = klToTruth.compute(scoring([' w00 w00 w01 zz '], truth), defaultsOf(klToTruth));
    expect(valueOf(rows, 'mass-outside')).toBe(0.25);
    expect(valueOf(rows, 'plug-in')).toBeCloseTo(
      (2 / 3) * Math.log(2 / 3 / golden.probability[0]) + (1 / 3) * Math.log(1 / 3 / golden.probability[1]),
      12,
    );
    expect(rows.map((r) => r.n)).toEqual([3, 3, 4]);
    expect(klToTruth.compute(scoring([' zz zz ']), defaultsOf(klToTruth)).map((r) => r.variant)).toEqual([
      'written-from-truth/plug-in/mass-outside',
    ]);
  });

  test('honest samples average to the exact expectation', () => {
    const values = Array.from({ length: 200 }, (_, i) =>
      valueOf(klToTruth.compute(scoring([sample(300, i)]), { words: 300 }), 'plug-in'),
    );
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const sd = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / (values.length - 1));
    expect(Math.abs(mean - golden.kl_honest['300'])).toBeLessThan((4 * sd) / Math.sqrt(values.length));
  });
});

test('the built-in language’s own text is about as good as honest sampling, and nothing of it is outside', () => {
  const plan = { vocabulary: 600, zipf: 1.1, sentences: { train: 2000, valid: 1, test: 1 }, seed: 1 };
  const text = grammarText(plan, 'train');
  const blocks = Array.from({ length: Math.floor(text.length / 70) }, (_, i) => text.slice(70 * i, 70 * (i + 1))); // cut like blocks, words too
  const input = scoring(blocks, grammarTruth(plan));
  const kl = klToTruth.compute(input, defaultsOf(klToTruth));
  expect(valueOf(kl, 'mass-outside')).toBe(0);
  const ratio = valueOf(kl, 'plug-in') / valueOf(kl, 'honest-sampling');
  expect(ratio).toBeGreaterThan(0.9);
  expect(ratio).toBeLessThan(1.4); // words of a paragraph share a topic, so they are worth fewer than as many independent ones
  const lost = tailLost.compute(input, defaultsOf(tailLost));
  expect(Math.abs(lost[0].value - lost[1].value)).toBeLessThan(0.05);
});

/** n independent draws from the language, as text. */
function sample(n: number, seed: number): string {
  const rng = new CounterRng({ seed, generation: 0, member: 'm', step: 'test' });
  const words = Array.from({ length: n }, (_, i) => {
    let u = rng.uniform(i);
    const at = truth.probability.findIndex((p) => (u -= p) < 0);
    return truth.words[at < 0 ? truth.words.length - 1 : at];
  });
  return ` ${words.join(' ')} `;
}
