import { describe, expect, test } from '@jest/globals';
import type { ScoreRow } from '../../evaluations/types.js';
import { compare } from '../../report/change.js';
import { findings } from '../../report/finding.js';
import { summarise, unrelated } from '../../report/summary.js';
import type { LanguageModelPlan } from '../../kinds/text/plan.js';
import { curvesPanel } from '../../report/svg/curves.js';
import { renderTable } from '../../report/terminal.js';
import type { ExperimentPlan } from '../../spec/plan.js';
import { makeFixture } from './fixture.js';
import { scoresOf } from './scores-of.js';

/** t.ppf(.975, 2) */
const T2 = 4.30265272975;

function row(condition: string, seed: number, generation: number, value: number, metric = 'perplexity'): ScoreRow {
  const place = { experiment: 'e', run: `${condition}/seed-${seed}`, condition, seed, member: 'opt', generation };
  return { ...place, metric, variant: 'real-test', version: 1, value, n: 100, settings: {}, subject: 'sha256:00' };
}

/** Values by seed (1, 2, …) and generation (0, 1, …); null: none. */
function rows(condition: string, values: readonly (readonly (number | null)[])[], metric?: string): ScoreRow[] {
  return values.flatMap((ofSeed, s) =>
    ofSeed.flatMap((value, t) => (value === null ? [] : [row(condition, s + 1, t, value, metric)])),
  );
}

const found = (...parts: ScoreRow[][]) => findings(summarise({ scores: scoresOf(parts.flat()) }));

const REPLACE = rows('replace', [
  [10, 40],
  [20, 90],
  [10, 50],
]);
const KEEP = rows('keep', [
  [10, 10],
  [20, 22],
  [10, 9.5],
]);

describe('the finding', () => {
  test('says what is clear and what is not', () => {
    const { headline, sentences } = found(REPLACE, KEEP);
    expect(headline).toBe('Perplexity rises 4.5-fold under replace and shows no clear change under keep');
    expect(sentences).toEqual([
      'Under replace, perplexity at generation 1 is 4.48 times that of generation 0 (geometric mean of 3 seeds; 95 % interval 3.40 to 5.91).',
      'Under keep, perplexity at generation 1 is 1.01 times that of generation 0 (geometric mean of 3 seeds; 95 % interval 0.844 to 1.22, which includes no change).',
      'At generation 1 it is 4.42 times as high under replace as under keep (geometric mean of 3 seeds; 95 % interval 3.02 to 6.45, paired by seed).',
    ]);
  });

  test('a condition of generation 0 alone is one to compare with: it has not changed, and nothing is missing', () => {
    const plan = { conditions: [{ name: 'replace' }, { name: 'untrained', generations: 0 }] } as unknown as ExperimentPlan;
    const scores = scoresOf([...REPLACE, ...rows('untrained', [[100], [104], [102]])]);
    const summary = summarise({ scores, plan });
    expect(summary.series.map(({ label, level }) => [label, level])).toEqual([['replace', undefined], ['untrained', true]]); // prettier-ignore
    const { headline, sentences } = findings(summary);
    expect(headline).toBe('Perplexity rises 4.5-fold under replace');
    expect(sentences.slice(1)).toEqual([
      // 2 T2 / √3 = 4.968
      'Under untrained, which has generation 0 alone, perplexity is 102 (95 % interval 97.0 to 107; 3 seeds).',
      expect.stringMatching(
        /^At generation 1 it is 0\.554 times as high under replace as under untrained at generation 0 \(geometric mean of 3 seeds; 95 % interval /,
      ),
    ]);
    const table = renderTable(summary, { width: 80, headline: false });
    expect(
      table
        .split('untrained')[1]
        .split('\n')
        .filter((line) => /^ +\d/.test(line)),
    ).toHaveLength(1);
    const measure = summary.measures[0];
    const dashed = curvesPanel('m', measure, summary.series, summary.generations).html;
    const [, path] = /class="mean level" d="([^"]+)"/.exec(dashed)!;
    const points = [...path.matchAll(/[ML]([\d.]+)[ ,]([\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);
    expect(points).toHaveLength(2);
    expect(points[0][1]).toBe(points[1][1]);
    expect(points[1][0]).toBeGreaterThan(points[0][0]);
  });

  test('members with tokenizers of their own are compared with themselves alone', () => {
    const llama = [...REPLACE, ...KEEP].map((one) => ({ ...one, member: 'llama', value: one.value * 3 }));
    const { headline, sentences } = found(REPLACE, KEEP, llama);
    expect(headline).toMatch(/^Perplexity rises 4\.5-fold under replace · opt, 4\.5-fold under replace · llama/);
    expect(sentences.filter((sentence) => sentence.startsWith('At generation 1'))).toEqual([
      expect.stringContaining('4.42 times as high under replace · opt as under keep · opt'),
      expect.stringContaining('4.42 times as high under replace · llama as under keep · llama'),
    ]);
  });

  test('members with no measure in common each lead with one of their own', () => {
    const normal = rows('replace', [[1, 0.5], [1, 0.4], [1, 0.6]], 'variance').map((one) => ({ ...one, member: 'normal' })); // prettier-ignore
    const { headline, sentences } = found(REPLACE, normal);
    expect(headline).toBe('Perplexity rises 4.5-fold under replace · opt');
    expect(sentences).toEqual([
      expect.stringContaining('Under replace · opt, perplexity at generation 1 is 4.48 times'),
      expect.stringContaining('Under replace · normal, variance at generation 1 is 0.493 times'),
    ]);
    const parts = unrelated(summarise({ scores: scoresOf([...REPLACE, ...normal]) }));
    expect(
      parts.map(({ measures, series }) => [measures.map(({ metric }) => metric), series.map(({ member }) => member)]),
    ).toEqual([
      [['perplexity'], ['opt']],
      [['variance'], ['normal']],
    ]);
  });

  test('one seed has no interval, and says so; nothing scored is said too', () => {
    const one = found([...REPLACE, ...KEEP].filter(({ seed }) => seed === 1));
    expect(one.headline).toBe('Perplexity rises 4-fold under replace and stays as it was under keep');
    expect(one.sentences[0]).toContain('(one seed, so no interval)');
    expect(found([]).headline).toBe('No scores yet');
    expect(found(REPLACE.filter(({ generation }) => generation === 0)).headline).toBe('No change to report yet');
  });

  test('a condition that was absorbed in some seeds is there, with its mean over all of them', () => {
    const { headline, sentences } = found(
      rows('keep', [
        [0.9, 0.8],
        [0.9, 0.9],
        [0.9, 0.85],
      ]),
      rows('replace', [
        [0.9, 0],
        [0.9, 0.27],
        [0.9, 0],
      ]),
    );
    expect(headline).toBe('Perplexity falls to 0.10 of its start under replace and shows no clear change under keep');
    expect(sentences[1]).toMatch(
      /^Under replace, perplexity at generation 1 is 0 in 2 of 3 seeds; its mean is 0\.100 times that of generation 0 \(95 % interval 0 to /,
    );
    expect(sentences[2]).toMatch(
      /^At generation 1 it is 0\.106 times as high under replace as under keep \(.*3 seeds, paired by seed\)\.$/,
    );
  });

  test('a condition that collapsed in every seed is there, and first', () => {
    const { headline, sentences } = found(
      rows('keep', [
        [0.9, 0.8],
        [0.9, 0.81],
      ]),
      rows('replace', [
        [0.9, 0],
        [0.9, 0],
      ]),
    );
    expect(headline).toBe('Perplexity falls to 0 under replace and to 0.89 of its start under keep');
    expect(sentences[1]).toBe('Under replace, perplexity at generation 1 is 0 in all 2 seeds.');
    expect(sentences[2]).toBe('At generation 1 it is 0 under replace in every seed, and 0.805 on average under keep.');
  });

  test('a value that is not defined any more is said to be missing, in all seeds or in some', () => {
    const entropy = (condition: string, ends: readonly number[]) =>
      rows(
        condition,
        ends.map((end) => [1, end]),
        'entropy',
      );
    const { headline, sentences } = found(
      rows('gone', [
        [4, null],
        [4, null],
      ]),
      entropy('gone', [0, 0]),
      rows('partly', [
        [4, null],
        [4, 8],
        [2, 4],
      ]),
      entropy('partly', [0, 0.5, 0.4]),
    );
    expect(headline).toBe('Perplexity has no value at generation 1 under gone and rises 2-fold under partly');
    expect(sentences.slice(0, 2)).toEqual([
      'Under gone, perplexity has no value at generation 1 in any seed; the last value is that of generation 0.',
      'Under partly, perplexity at generation 1 is 2 times that of generation 0 (the same in all 2 seeds). It has no value there in 1 of 3 seeds, which are left out.',
    ]);
  });

  test('negative values and starts at zero are compared by differences', () => {
    const { headline, sentences } = found(
      rows('a', [
        [-1, -3],
        [1, -1.5],
      ]),
      rows('b', [
        [-1, -1.5],
        [1, 0.5],
      ]),
    );
    expect(headline).toBe('Perplexity shows no clear change under a and falls by 0.50 under b');
    expect(sentences[0]).toMatch(
      /^Under a, perplexity at generation 1 is 2\.25 below that of generation 0 \(95 % interval of the difference −5\.43 to 0\.927, which includes no change; 2 seeds\)\.$/,
    );
    expect(sentences[2]).toMatch(/^At generation 1 it is 1\.75 lower under a than under b \(.*2 seeds, paired by seed\)\.$/);
    expect(
      found(
        rows('a', [
          [0, 3],
          [0, 3],
        ]),
      ),
    ).toEqual({
      headline: 'Perplexity rises by 3 under a',
      sentences: ['Under a, perplexity at generation 1 is 3 above that of generation 0 (the same in all 2 seeds).'],
    });
  });

  test('a condition that has only begun, and seeds that have not come as far, are said', () => {
    const { headline, sentences } = found(REPLACE.slice(0, 5), rows('late', [[10], [20]]));
    expect(headline).toBe('Perplexity rises 4.2-fold under replace and cannot be compared yet under late');
    expect(sentences).toEqual([
      'Under replace, perplexity at generation 1 is 4.24 times that of generation 0 (geometric mean of 2 seeds; 95 % interval 2.01 to 8.97). 2 of 3 seeds have come so far.',
      'Under late, perplexity has been measured at generation 0 only.',
    ]);
  });

  test('with many conditions the headline counts those that it does not name, and every one has a sentence', () => {
    const many = Array.from({ length: 6 }, (_, i) => rows(`c${i}`, [[1, 2 + i]]));
    const { headline, sentences } = found(...many);
    expect(headline).toBe('Perplexity rises 7-fold under c5, 6-fold under c4 and 5-fold under c3 (3 more conditions below)');
    for (let i = 0; i < 6; i++) expect(sentences[i]).toContain(`Under c${i}, `);
    expect(sentences).toHaveLength(7);
    expect(found(...many.slice(0, 3)).sentences).toHaveLength(5);
  });

  test('no condition is left out, whatever its values are', () => {
    const kinds = [[1, 2], [1, 0], [0, 0], [0, 1], [-1, -2], [1, null], [1], [1e-300, 0]];
    for (const a of kinds)
      for (const b of kinds) {
        const { headline, sentences } = found(rows('first', [a, a]), rows('other', [b, b]), rows('beside', [[1, 1]], 'rep'));
        for (const name of a.length + b.length > 2 ? ['first', 'other', 'beside'] : []) {
          expect(headline).toContain(`under ${name}`);
          expect(sentences.some((sentence) => sentence.startsWith(`Under ${name}, `))).toBe(true);
        }
      }
  });
});

describe('perplexity that a report leads with', () => {
  const both = [
    ...rows('replace', [[10, 40]]),
    ...rows('replace', [[10, 30]]).map((row) => ({ ...row, variant: 'real-test/without-end-token' })),
  ];
  const { plan } = makeFixture();
  const headline = (minNewTokens: number, scores = both) => {
    const [member] = plan.population as LanguageModelPlan[];
    const population = [{ ...member, decoding: { ...member.decoding, minNewTokens, maxNewTokens: 64 } }];
    return findings(summarise({ scores: scoresOf(scores) }), { ...plan, population }).headline;
  };

  test('leaves end tokens out where the models may not write them, and says so', () => {
    expect(headline(64)).toBe('Perplexity without-end-token rises 3.0-fold under replace');
    expect(headline(0)).toBe('Perplexity rises 4-fold under replace');
    expect(headline(64, both.slice(0, 2))).toBe('Perplexity rises 4-fold under replace');
    expect(findings(summarise({ scores: scoresOf(both) })).headline).toBe('Perplexity rises 4-fold under replace');
  });
});

describe('a comparison', () => {
  const point = (values: readonly number[]) => ({
    generation: 0,
    mean: 0,
    n: values.length,
    seeds: Array.from(values.keys()),
    values: Float64Array.from(values),
  });

  test('of positive values is the geometric mean of ratios, its interval that of the logarithms', () => {
    const { kind, value, low, high } = compare(point([40, 90, 50]), point([10, 20, 10]))!;
    const logs = [Math.log(4), Math.log(4.5), Math.log(5)];
    const mean = logs.reduce((a, b) => a + b) / 3;
    const half = (T2 * Math.sqrt(logs.reduce((sum, l) => sum + (l - mean) ** 2, 0) / 2)) / Math.sqrt(3);
    expect(kind).toBe('ratio');
    expect(value).toBeCloseTo(90 ** (1 / 3), 10);
    expect(low).toBeCloseTo(Math.exp(mean - half), 8);
    expect(high).toBeCloseTo(Math.exp(mean + half), 8);
  });

  test('where a value is 0 it is the ratio of means, its interval that of the residuals', () => {
    const { kind, value, low, high, zeros } = compare(point([0, 3, 3]), point([2, 4, 6]))!;
    // ratio .5, residuals -1, 1, 0 over the mean 4
    const half = (T2 * 0.25) / Math.sqrt(3);
    expect({ kind, value, zeros }).toEqual({ kind: 'ratio-of-means', value: 0.5, zeros: [1, 0] });
    expect(low).toBeCloseTo(Math.max(0, 0.5 - half), 8);
    expect(high).toBeCloseTo(0.5 + half, 8);
  });

  test('of seeds that only one side has is none', () => {
    expect(compare({ ...point([1]), seeds: [9] }, point([1]))).toBeUndefined();
  });
});
