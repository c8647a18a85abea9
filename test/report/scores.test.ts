import { describe, expect, test } from '@jest/globals';
import { jsonDocument, inPieces } from '../../report/export.js';
import { ScoreRows, blockOf, type Scores } from '../../report/scores.js';
import { summarise } from '../../report/summary.js';
import type { SeriesDocument } from '../../spec/results.js';
import { scoresOf } from './scores-of.js';

function series(seeds: number[], values: (number | null)[][][]): SeriesDocument {
  const measures = ['variance', 'log-variance'].map((metric) => ({ metric, variant: 'v', version: 1 }));
  return { schema: 'habsburg.series/v1', seeds, generations: [0, 5], n: [10, 20], measures, values };
}

const place = { condition: 'replace', member: 'm' };
/** The blocks' seeds interleave, as those of a list of seeds may. */
const blocks: Scores[] = [
  blockOf(
    series(
      [1, 7],
      [
        [
          [0.9, 0.8],
          [0.5, 0],
        ],
        [
          [-0.1, -0.2],
          [-0.7, null],
        ],
      ],
    ),
    { run: 'replace/seeds-1-7', place, subject: 'sha256:a' },
  ),
  blockOf(
    series(
      [3],
      [
        [[1.1], [0.25]],
        [[0.1], [null]],
      ],
    ),
    { run: 'replace/seeds-3', place, subject: 'sha256:b' },
  ),
];

describe('scores in memory', () => {
  test('the rows of a block go by generation, seed and measure; what is not defined has none; they can be read again', () => {
    const rows = new ScoreRows('e', blocks);
    const short = Array.from(rows, ({ generation, seed, metric, value, n, run }) => [generation, seed, metric, value, n, run]);
    expect(short).toEqual([
      [0, 1, 'variance', 0.9, 10, 'replace/seeds-1-7'],
      [0, 1, 'log-variance', -0.1, 10, 'replace/seeds-1-7'],
      [0, 7, 'variance', 0.8, 10, 'replace/seeds-1-7'],
      [0, 7, 'log-variance', -0.2, 10, 'replace/seeds-1-7'],
      [5, 1, 'variance', 0.5, 20, 'replace/seeds-1-7'],
      [5, 1, 'log-variance', -0.7, 20, 'replace/seeds-1-7'],
      [5, 7, 'variance', 0, 20, 'replace/seeds-1-7'],
      [0, 3, 'variance', 1.1, 10, 'replace/seeds-3'],
      [0, 3, 'log-variance', 0.1, 10, 'replace/seeds-3'],
      [5, 3, 'variance', 0.25, 20, 'replace/seeds-3'],
    ]);
    expect([...rows]).toHaveLength(10);
    const [first] = rows;
    expect(Object.keys(first)).toEqual(
      'experiment run condition seed member generation metric variant version value n settings subject'.split(' '),
    );
    expect([...new ScoreRows('e', blocks, ({ metric }) => metric === 'log-variance')]).toHaveLength(4);
  });

  test('a summary of blocks is that of their rows', () => {
    const plain = (scores: Scores[]) => {
      const { measures, series, generations, seeds } = summarise({ scores });
      const points = series.flatMap((s) =>
        [...s.points].map(([key, at]) => [key, at.map((p) => ({ ...p, seeds: Array.from(p.seeds), values: [...p.values] }))]),
      );
      return { measures, generations, seeds, labels: series.map(({ label }) => label), points };
    };
    const whole = plain(blocks);
    expect(whole).toEqual(plain(scoresOf([...new ScoreRows('e', blocks)])));
    expect(whole.seeds).toEqual([1, 3, 7]);
    expect(whole.points[1]).toMatchObject([
      expect.any(String),
      [
        { generation: 0, seeds: [1, 3, 7], values: [-0.1, 0.1, -0.2], n: 3 },
        { generation: 5, seeds: [1], values: [-0.7], n: 1, mean: -0.7 },
      ],
    ]);
  });

  test('one JSON document in pieces is the document', () => {
    const rows = new ScoreRows('e', blocks);
    const text = [...inPieces(jsonDocument({ schema: 's', notes: ['a "b" []}'] }, rows))].join('');
    expect(JSON.parse(text)).toEqual({ schema: 's', notes: ['a "b" []}'], rows: [...rows] });
    expect(JSON.parse([...jsonDocument({}, [])].join(''))).toEqual({ rows: [] });
    const lines = Array.from({ length: 5000 }, (_, i) => `${i} ${'x'.repeat(30)}\n`);
    const pieces = [...inPieces(lines)];
    expect(pieces.join('')).toBe(lines.join(''));
    expect(pieces.length).toBeLessThan(5);
  });
});
