import { describe, expect, test } from '@jest/globals';
import { binnedQuantile, poolSeeds, shareAbove } from '../../report/histograms.js';
import type { PooledHistogram } from '../../report/histograms.js';
import type { Measure, Series } from '../../report/summary.js';
import { estimate } from '../../report/summary.js';
import { PANEL, curvesPanel, spread, valueScale } from '../../report/svg/curves.js';
import { bandPath, linePath, stepPath } from '../../report/svg/path.js';
import { RIDGES, ridgesPanel } from '../../report/svg/ridges.js';

const measure: Measure = { key: 'k', metric: 'm', variant: 'v', version: 1, settings: {}, label: 'm' };

/** @param values by generation, then seed 1, 2, … */
function seriesOf(label: string, values: readonly (readonly number[])[]): Series {
  const points = values.map((seeds, generation) => ({
    generation,
    seeds: seeds.map((_, i) => i + 1),
    values: Float64Array.from(seeds),
    ...estimate(seeds),
  }));
  return { condition: label, member: 'opt', label, points: new Map([['k', points]]) };
}

/** Coordinates of every path of a class, in order. */
function paths(svg: string, className: string): number[][][] {
  return [...svg.matchAll(new RegExp(`<path class="${className}" d="([^"]*)"`, 'g'))].map(([, d]) =>
    d.match(/[-\d.]+,[-\d.]+/g)!.map((xy) => xy.split(',').map(Number)),
  );
}

describe('marks', () => {
  test('lines, bands and steps are the points they were given', () => {
    expect(
      linePath([
        [0, 1],
        [2.345, 3],
      ]),
    ).toBe('M0,1L2.35,3');
    expect(
      bandPath(
        [
          [0, 1],
          [2, 3],
        ],
        [
          [0, 5],
          [2, 6],
        ],
      ),
    ).toBe('M0,1L2,3L2,6L0,5Z');
    expect(stepPath([0, 10, 20], [5, 2], 9)).toBe('M0,9V5H10V2H20V9');
  });

  test('labels move apart, keep their order and stay inside where they fit', () => {
    expect(spread([50, 52, 10], 13, 0, 100)).toEqual([50, 63, 10]);
    expect(spread([98, 99], 13, 0, 100)).toEqual([87, 100]);
    const placed = spread([5, 5, 5, 5], 13, 0, 100);
    expect(placed.map((p, i) => p - (placed[i - 1] ?? p - 13))).toEqual([13, 13, 13, 13]);
  });
});

describe('curves', () => {
  const values = [
    [0.5, 0.6],
    [0.8, 0.9],
    [0.1, 0.2],
  ];
  const svg = curvesPanel('p', measure, [seriesOf('replace', values)], [0, 1, 2]).html;
  // what the picture must show: generations from the left margin to the label margin, values 0 … 1 from bottom to top
  const right = PANEL.width - (16 + 7.9 * 'replace'.length);
  const x = (generation: number) => PANEL.left + (generation / 2) * (right - PANEL.left);
  const y = (value: number) => PANEL.height - PANEL.bottom + (value / 1) * (PANEL.top - (PANEL.height - PANEL.bottom));

  test('the mean and every seed are where their values say', () => {
    const [mean] = paths(svg, 'mean');
    mean.forEach(([px, py], t) => {
      expect(px).toBeCloseTo(x(t), 1);
      expect(py).toBeCloseTo(y((values[t][0] + values[t][1]) / 2), 1);
    });
    const seeds = paths(svg, 'seed');
    expect(seeds).toHaveLength(2);
    seeds.forEach((line, seed) => line.forEach(([, py], t) => expect(py).toBeCloseTo(y(values[t][seed]), 1)));
  });

  test('axis ticks carry their values', () => {
    const ticks = [...svg.matchAll(/<text class="tick" x="[\d.]+" y="([\d.]+)" text-anchor="end">([\d.]+)</g)].map(
      ([, at, label]) => [Number(at) - 3.5, Number(label)],
    );
    expect(ticks.map(([, label]) => label)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    for (const [at, label] of ticks) expect(at).toBeCloseTo(y(label), 1);
  });

  test('a band needs three seeds, and is the t-interval', () => {
    expect(paths(svg, 'band')).toHaveLength(0);
    const three = [
      [0.4, 0.5, 0.6],
      [0.5, 0.6, 0.7],
    ];
    const [band] = paths(curvesPanel('p', measure, [seriesOf('replace', three)], [0, 1]).html, 'band');
    const half = (4.30265272975 * 0.1) / Math.sqrt(3);
    // the axis runs from 0.2 to 0.9, the round numbers around 0.5 - half and 0.6 + half
    expect(band[0][1] - band[3][1]).toBeCloseTo((2 * half * (y(1) - y(0))) / 0.7, 1);
  });

  test('one seed is drawn once', () => {
    const one = curvesPanel('p', measure, [seriesOf('replace', [[1], [2]])], [0, 1]).html;
    expect(paths(one, 'seed')).toHaveLength(0);
    expect(paths(one, 'mean')).toHaveLength(1);
  });

  test('axes are logarithmic for wide ranges beyond shares, linear otherwise', () => {
    const kind = (values: number[][]) => valueScale(seriesOf('a', values).points.get('k')!, [0, 1]).kind;
    expect([kind([[60], [600]]), kind([[60], [90]]), kind([[0.9], [0.001]]), kind([[0], [600]]), kind([[-5], [600]])]).toEqual([
      'log',
      'linear',
      'linear',
      'linear',
      'linear',
    ]);
    const domain = (value: number) => valueScale(seriesOf('a', [[value], [value]]).points.get('k')!, [0, 1]).domain;
    expect([domain(0), domain(1), domain(-1)]).toEqual([
      [0, 1],
      [0.9, 1],
      [-1.1, -0.9],
    ]);
    expect(valueScale(seriesOf('a', [[5], [5]]).points.get('k')!, [0, 100])(5)).toBeGreaterThan(0);
  });

  test('the same input gives the same bytes', () => {
    expect(curvesPanel('p', measure, [seriesOf('replace', values)], [0, 1, 2]).html).toBe(svg);
  });
});

describe('histograms', () => {
  const uniform: PooledHistogram = {
    generation: 0,
    edges: [1, 10, 100, 1000],
    counts: [100, 100, 100],
    below: 0,
    above: 0,
    n: 300,
    seeds: 1,
  };

  test('quantiles of a log-uniform sample are powers of ten', () => {
    expect([0, 1 / 6, 0.5, 2 / 3, 1].map((q) => Math.log10(binnedQuantile(uniform, q)))).toEqual(
      [0, 0.5, 1.5, 2, 3].map((v) => expect.closeTo(v, 12)),
    );
    expect(shareAbove(uniform, 10 ** 1.5)).toBeCloseTo(0.5, 12);
    expect(shareAbove({ ...uniform, above: 100, n: 400 }, 2000)).toBe(0.25);
    expect(binnedQuantile({ ...uniform, below: 300, n: 600 }, 0.25)).toBe(1);
  });

  test('seeds are pooled bin by bin; other bins are left out', () => {
    const h = (seed: number, counts: number[], edges = [1, 2, 3]) => ({
      name: 'x',
      condition: 'a',
      member: 'm',
      generation: 0,
      seed,
      edges,
      counts,
      n: 3,
    });
    const pooled = poolSeeds([h(1, [1, 2]), h(2, [0, 3]), h(3, [9, 9], [1, 2, 4])]);
    expect(pooled).toEqual([{ generation: 0, edges: [1, 2, 3], counts: [1, 5], below: 0, above: 0, n: 6, seeds: 2 }]);
  });

  test('ridges: bins where their edges say, the highest bin at full height', () => {
    const svg = ridgesPanel('h', 'replace', 0, [{ ...uniform, counts: [50, 200, 50] }], [1, 1000], {
      title: 'a',
      axis: 'b',
    }).html;
    const d = /<path class="ridge" d="([^"]*)"/.exec(svg)![1];
    const [base, plot] = [RIDGES.top + RIDGES.row, RIDGES.width - RIDGES.right - RIDGES.left];
    const numbers = d.match(/[-\d.]+/g)!.map(Number);
    const edge = (i: number) => expect.closeTo(RIDGES.left + (i * plot) / 3, 1);
    const top = (share: number) => expect.closeTo(base - share * RIDGES.peak, 1);
    expect(numbers).toEqual([edge(0), base, top(0.25), edge(1), top(1), edge(2), top(0.25), edge(3), base]);
    expect(svg).toContain('>31.6<');
  });
});
