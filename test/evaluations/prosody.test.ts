/** Stresses by CMUdict; entropies by hand; syllables against the cmudict package's (golden/readability). */
import { describe, expect, test } from '@jest/globals';
import { fleschs, readabilityOf, readingEase, syllablesByLexicon, syllablesOf } from '../../evaluations/flesch.js';
import { spokenWords, stressesOf, stressLexicon } from '../../evaluations/lexicon/stress.js';
import { meanCosineDistance, prosody, rhythmOf, stressCounts } from '../../evaluations/prosody.js';
import { expectEqual, golden, goldenTexts } from './reference.js';
import { written } from './support.js';

const lexicon = stressLexicon();

describe('the lexicon', () => {
  test('first pronunciations as CMUdict has them', () => {
    const known = { photograph: '102', photography: '0100', photographic: '2010', the: '0', a: '0', of: '1', around: '01', every: '100', "don't": '1', hmm: '', aaliyah: '212' }; // prettier-ignore
    for (const [word, stress] of Object.entries(known)) expect([word, lexicon.get(word)]).toEqual([word, stress]);
    expect(lexicon.size).toBe(126_052);
    for (const word of ['tostring', 'toString', '__proto__', '']) expect(lexicon.get(word)).toBeUndefined();
    for (const stress of new Set(lexicon.values())) expect(stress).toMatch(/^[012]*$/);
  });

  test('as many syllables as the cmudict package counts, but where another pronunciation of a word comes first there', () => {
    const { words } = golden<{ words: Record<string, [number, number, number]> }>('readability');
    const [counted, same] = [0, 1].map(
      (which) =>
        Object.entries(words).filter(([word, [, , count]]) => {
          const stresses = lexicon.get(word);
          return stresses !== undefined && (which === 0 || stresses.length === count);
        }).length,
    );
    expect(counted).toBeGreaterThan(250);
    expect(same).toBe(counted);
  });

  test('words as they are spoken', () => {
    expect(spokenWords('Don’t "go" — \'tis the well-known café @-@ 9.')).toEqual(["don't", 'go', "'tis", 'the', 'well', 'known', 'café', '9']); // prettier-ignore
    expect(["'go'", "'tis", "''", 'zzxq'].map((word) => stressesOf(word, lexicon))).toEqual(['1', '1', undefined, undefined]);
  });
});

test('runs end at words that are not known', () => {
  expect(rhythmOf('The photograph zzxq of every cat', lexicon)).toEqual({ runs: ['0102', '11001'], words: 6, known: 5 });
  expect(rhythmOf(' ... ', lexicon)).toEqual({ runs: [], words: 0, known: 0 });
});

describe('the metric', () => {
  const of = (texts: string[], settings = {}) =>
    prosody.compute(written(texts), { texts: 0, order: 2, ...settings }).map(({ variant, value, n }) => [variant, value, n]);

  test('by hand: a cat sat, a cat sat', () => {
    // 0 1 1 in each: the pairs 01 and 11 once each
    expect(of(['A cat sat.', 'a CAT, sat'])).toEqual([
      ['stress/cmudict', Math.LN2, 4],
      ['stress/cmudict/rate', 0, 4],
      ['stress/cmudict/self-distance', expect.closeTo(0, 12), 2],
      ['stress/cmudict/known-words', 1, 6],
    ]);
  });

  test('by hand: a fair coin of what follows', () => {
    // a cat a cat | a a cat cat: pairs 01 10 01 | 00 01 11
    const rows = of(['a cat a cat', 'a a cat cat']);
    const entropy = -(0.5 * Math.log(0.5) + 3 * (1 / 6) * Math.log(1 / 6));
    // of what comes first, 0 four times and 1 twice
    const first = -((4 / 6) * Math.log(4 / 6) + (2 / 6) * Math.log(2 / 6));
    expect(rows[0][1]).toBeCloseTo(entropy, 12);
    expect(rows[1][1]).toBeCloseTo(entropy - first, 12);
    // (0, 2, 1, 0) and (1, 1, 0, 1) over 00 01 10 11
    expect(rows[2][1]).toBeCloseTo(1 - 2 / Math.sqrt(5 * 3), 12);
  });

  test('nothing known, nothing written', () => {
    expect(of(['zzxq zzxq'])).toEqual([['stress/cmudict/known-words', 0, 2]]);
    expect(of(['', '...'])).toEqual([]);
    expect(of(['a cat']).map(([variant]) => variant)).not.toContain('stress/cmudict/self-distance');
  });

  test('the distance is that of all pairs', () => {
    const vectors = goldenTexts()
      .map(({ text }) => stressCounts(rhythmOf(text, lexicon), 3))
      .filter((counts) => counts.some((count) => count > 0));
    let [sum, pairs] = [0, 0];
    vectors.forEach((a, i) =>
      vectors.slice(i + 1).forEach((b) => {
        const dot = (x: Float64Array, y: Float64Array) => x.reduce((all, value, k) => all + value * y[k], 0);
        sum += 1 - dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
        pairs++;
      }),
    );
    expectEqual('distance', meanCosineDistance(vectors), sum / pairs);
  });
});

test('Flesch by the lexicon, by the rule where a word is not in it', () => {
  const syllables = syllablesByLexicon();
  expect(['Begins', 'zzxqee', 'hmm', '1984'].map(syllables)).toEqual([2, syllablesOf('zzxqee'), 1, 0]);
  const text = 'The photograph begins. Every zzxqee walked around.';
  const [row] = fleschs.find(({ variant }) => variant === 'cmudict')!.compute(written([text]), {});
  // the-1 photograph-3 begins-2, every-3 zzxqee-1 walked-1 around-2
  expectEqual('ease', row.value, readingEase({ words: 7, sentences: 2, syllables: 13 }));
  expect(readabilityOf(text, syllables).syllables).toBe(13);
});
