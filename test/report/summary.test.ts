import { describe, expect, test } from '@jest/globals';
import type { ScoreRow } from '../../evaluations/types.js';
import { estimate, summarise } from '../../report/summary.js';
import { renderTable } from '../../report/terminal.js';
import { scoresOf } from './scores-of.js';

function row(condition: string, seed: number, generation: number, value: number, over: Partial<ScoreRow> = {}): ScoreRow {
  return {
    experiment: 'e',
    run: `${condition}/seed-${seed}`,
    condition,
    seed,
    member: 'opt',
    generation,
    metric: 'perplexity',
    variant: 'real-test',
    version: 1,
    value,
    n: 100,
    settings: {},
    subject: 'sha256:00',
    ...over,
  };
}

const ROWS = [
  ...[
    [1, 10, 40],
    [2, 20, 90],
    [3, 10, 50],
  ].flatMap(([seed, first, last]) => [row('replace', seed, 0, first), row('replace', seed, 1, last)]),
  ...[
    [1, 10, 10],
    [2, 20, 22],
    [3, 10, 9.5],
  ].flatMap(([seed, first, last]) => [row('keep', seed, 0, first), row('keep', seed, 1, last)]),
];

describe('grouping', () => {
  test('rows become one series a condition, points keep every seed', () => {
    const { series, measures, generations, seeds } = summarise({ scores: scoresOf(ROWS) });
    expect([series.map((s) => s.label), measures.map((m) => m.label), generations, seeds]).toEqual([
      ['replace', 'keep'],
      ['perplexity'],
      [0, 1],
      [1, 2, 3],
    ]);
    const [first, last] = series[0].points.get(measures[0].key)!;
    expect(first.mean).toBeCloseTo(40 / 3, 12);
    expect([[...Array.from(last.seeds)], [...last.values]]).toEqual([
      [1, 2, 3],
      [40, 90, 50],
    ]);
    // t.ppf(.975, 2) * sd / sqrt(3), sd([10, 20, 10]) = sqrt(100 / 3)
    expect(first.halfWidth).toBeCloseTo((4.30265272975 * Math.sqrt(100 / 3)) / Math.sqrt(3), 8);
  });

  test('measures of one metric are told apart by what differs', () => {
    const rows = [
      row('a', 1, 0, 1, { metric: 'distinct', settings: { order: 1, tokens: 9 } }),
      row('a', 1, 0, 1, { metric: 'distinct', settings: { order: 2, tokens: 9 } }),
      row('a', 1, 0, 1, { metric: 'rep', variant: 'x' }),
      row('a', 1, 0, 1, { metric: 'rep', variant: 'y' }),
      row('a', 1, 0, 1, { metric: 'rep', variant: 'y', version: 2 }),
    ];
    expect(summarise({ scores: scoresOf(rows) }).measures.map((m) => m.label)).toEqual([
      'distinct order=1',
      'distinct order=2',
      'rep x',
      'rep y v1',
      'rep y v2',
    ]);
    expect(summarise({ scores: scoresOf(rows) }, 'distinct').measures).toHaveLength(2);
    expect(summarise({ scores: scoresOf(rows) }, 'rep/y').measures).toHaveLength(2);
    expect(summarise({ scores: scoresOf(rows) }, 'distinct order=2').measures).toHaveLength(1);
  });

  test('variants that share their beginning are told apart by the rest', () => {
    const rows = ['q05', 'q50'].map((part) =>
      row('a', 1, 0, 1, { metric: 'sequence-perplexity', variant: `under-model-0/${part}` }),
    );
    const tail = ['', '/honest-sampling'].map((part) =>
      row('a', 1, 0, 1, { metric: 'tail-lost', variant: `truth/share${part}` }),
    );
    expect(summarise({ scores: scoresOf([...rows, ...tail]) }).measures.map((m) => m.label)).toEqual([
      'sequence-perplexity q05',
      'sequence-perplexity q50',
      'tail-lost',
      'tail-lost honest-sampling',
    ]);
  });

  test('several members are several series', () => {
    const rows = [row('a', 1, 0, 1), row('a', 1, 0, 1, { member: 'llama' })];
    expect(summarise({ scores: scoresOf(rows) }).series.map((s) => s.label)).toEqual(['a · opt', 'a · llama']);
  });
});

test('a sample’s interval is the one of scipy.stats.ttest_1samp', () => {
  const sample = [8.621, 10.858, 8.829, 7.362, 12.318, 8.724, 13.208, 8.872, 6.055, 10.85, 10.707, 9.348];
  const { mean, halfWidth, n } = estimate(sample);
  expect(mean - halfWidth!).toBeCloseTo(8.357483090920667, 10);
  expect(mean + halfWidth!).toBeCloseTo(10.934516909079331, 10);
  expect(n).toBe(12);
  expect(estimate([3])).toEqual({ mean: 3, n: 1 });
});

describe('terminal table', () => {
  test('generations by metrics, a block a condition', () => {
    expect(renderTable(summarise({ scores: scoresOf(ROWS) }), { width: 80 })).toBe(
      [
        'replace (mean of 3 seeds ± half-width of the 95 % t-interval)',
        'gen  perplexity',
        '  0     13 ± 14',
        '  1     60 ± 66',
        '',
        'keep (mean of 3 seeds ± half-width of the 95 % t-interval)',
        'gen  perplexity',
        '  0     13 ± 14',
        '  1     14 ± 18',
        '',
      ].join('\n'),
    );
  });

  test('no line is wider than the terminal; what does not fit goes below, or is counted', () => {
    const many = Array.from({ length: 9 }, (_, i) => ROWS.map((r) => ({ ...r, metric: `measure-number-${i}` }))).flat();
    const summary = summarise({ scores: scoresOf(many) });
    const whole = renderTable(summary, { width: 60 });
    for (const line of whole.split('\n')) expect(line.length).toBeLessThanOrEqual(61);
    for (let i = 0; i < 9; i++) expect(whole).toMatch(new RegExp(`(^| )(number-)?${i}( |$)`, 'm'));
  });

  test('the short table has the telling values; what it leaves out is counted', () => {
    const perplexity = ROWS.map((r) => ({ ...r, variant: 'real-test/exp-mean-token' }));
    const other = ROWS.map((r) => ({ ...r, metric: 'distinct-1', variant: 'tokens/in-record' }));
    const short = renderTable(summarise({ scores: scoresOf([...perplexity, ...other]) }), { width: 80, headline: true });
    expect(short).toContain('gen  perplexity\n');
    expect(short).toContain('… and 1 more measure: habsburg results shows all.');
    expect(renderTable(summarise({ scores: scoresOf(other) }), { width: 80, headline: true })).toContain('distinct-1');
    const long = Array.from({ length: 40 }, (_, generation) => row('replace', 1, generation, generation));
    const thin = renderTable(summarise({ scores: scoresOf(long) }), { width: 80, headline: true });
    expect(thin.match(/^ +\d+ +\d+$/gm)?.map((line) => Number(line.trim().split(/ +/)[0]))).toEqual([
      0, 3, 7, 10, 13, 16, 20, 23, 26, 29, 33, 36, 39,
    ]);
    expect(thin).toContain('… and 27 more generations: habsburg results shows all.');
  });

  test('a cell with fewer seeds than the rest says so', () => {
    const rows = ROWS.filter(({ condition, seed, generation }) => condition === 'replace' && !(seed > 1 && generation === 1));
    expect(renderTable(summarise({ scores: scoresOf(rows) }), { width: 80 })).toContain('40 (n=1)');
  });
});
