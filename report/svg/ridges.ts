/** A histogram for each generation, one above the other on a common axis (after figure 1 of Shumailov et al., Nature 631, 2024). */
import { formatNumber } from '../format.js';
import { binnedQuantile, shareAbove } from '../histograms.js';
import type { PooledHistogram } from '../histograms.js';
import { el } from '../html.js';
import type { Markup } from '../html.js';
import { stepPath } from './path.js';
import { linearScale, logScale, logTicks, niceTicks, tickLabel } from './scale.js';
import type { Scale } from './scale.js';

export const RIDGES = { width: 470, left: 24, right: 104, top: 40, row: 33, peak: 40, bottom: 40 };

/** The quantile of the first generation that marks the start of its tail. */
export const TAIL_QUANTILE = 0.99;

/** What a figure of this kind shows. */
export interface RidgeWords {
  /** for those who cannot see it; without the condition */
  readonly title: string;
  /** of the axis */
  readonly axis: string;
}

/**
 * @param id unique in the page
 * @param index of the series, for its colour
 * @param domain of values, common to all panels
 */
export function ridgesPanel(
  id: string,
  label: string,
  index: number,
  rows: readonly PooledHistogram[],
  domain: readonly [number, number],
  words: RidgeWords,
): Markup {
  const height = RIDGES.top + RIDGES.row * rows.length + RIDGES.bottom;
  const plotRight = RIDGES.width - RIDGES.right;
  const range: [number, number] = [RIDGES.left, plotRight];
  const x = domain[0] > 0 ? logScale(domain, range) : linearScale(domain, range);
  const base = (row: number) => RIDGES.top + RIDGES.row * (row + 1);
  const [first] = rows;
  const tail = binnedQuantile(first, TAIL_QUANTILE);
  const ridges = rows.map((row, i) => {
    const median = binnedQuantile(row, 0.5);
    const strength = rows.length === 1 ? 1 : i / (rows.length - 1);
    return el(
      'g',
      {},
      el('path', { class: 'ridge-back', d: `${outline(row, x, domain, base(i))}Z` }),
      el('path', { class: 'ridge', d: outline(row, x, domain, base(i)), 'fill-opacity': (0.12 + 0.5 * strength).toFixed(2) }),
      i > 0 && el('path', { class: 'ridge-first', d: outline(first, x, domain, base(i)) }),
      el('line', { class: 'ridge-base', x1: RIDGES.left, x2: plotRight, y1: base(i), y2: base(i) }),
      el('text', { class: 'tick', x: RIDGES.left - 6, y: base(i) - 2, 'text-anchor': 'end' }, row.generation),
      el('text', { class: 'tick', x: plotRight + 46, y: base(i) - 2, 'text-anchor': 'end' }, formatNumber(median, 3)),
      el('text', { class: 'tick', x: RIDGES.width - 4, y: base(i) - 2, 'text-anchor': 'end' }, percent(shareAbove(row, tail))),
    );
  });
  // above all ridges: a row's peak may reach over the base line of the row before
  const medianMarks = rows.map((row, i) => {
    const at = x(binnedQuantile(row, 0.5));
    return el('line', { class: 'ridge-median', x1: at, x2: at, y1: base(i), y2: base(i) - 7 });
  });
  const axisY = base(rows.length - 1);
  const ticks = x.kind === 'log' ? logTicks(domain[0], domain[1], 7) : niceTicks(domain[0], domain[1], 6);
  const heading = (at: number, lines: readonly string[]) =>
    lines.map((line, i) => el('text', { class: 'axis', x: at, y: 11 + 12 * i, 'text-anchor': 'end' }, line));
  const medians = rows.map(
    (row) => `generation ${row.generation}: median ${formatNumber(binnedQuantile(row, 0.5), 3)}, n ${row.n}`,
  );
  return el(
    'svg',
    { viewBox: `0 0 ${RIDGES.width} ${height}`, role: 'img', 'aria-labelledby': `${id}-t ${id}-d`, class: `panel s${index % 8}` },
    el('title', { id: `${id}-t` }, `${words.title}, ${label}`),
    el('desc', { id: `${id}-d` }, medians.join('; ')),
    el('text', { class: 'label', x: RIDGES.left, y: 11 }, label),
    heading(plotRight + 46, ['median']),
    heading(RIDGES.width - 4, ['> q99 of', `gen. ${first.generation}`]),
    ticks.map((tick) => [
      el('line', { class: 'grid', x1: x(tick), x2: x(tick), y1: RIDGES.top - 4, y2: axisY }),
      el('text', { class: 'tick', x: x(tick), y: axisY + 15, 'text-anchor': 'middle' }, tickLabel(tick)),
    ]),
    ridges,
    medianMarks,
    el('text', { class: 'axis', x: (RIDGES.left + plotRight) / 2, y: axisY + 31, 'text-anchor': 'middle' }, words.axis),
  );
}

/** The common domain of histograms: from their first to their last bin that is not empty. */
export function occupiedDomain(histograms: readonly PooledHistogram[]): [number, number] {
  const occupied = histograms.flatMap(({ edges, counts }) =>
    counts.flatMap((count, bin) => (count > 0 ? [edges[bin], edges[bin + 1]] : [])),
  );
  return [Math.min(...occupied), Math.max(...occupied)];
}

/** Density over the axis as it is drawn, scaled to the row's highest bin. */
function outline({ edges, counts }: PooledHistogram, x: Scale, [low, high]: readonly [number, number], base: number): string {
  const bins = counts
    .map((count, bin) => ({ count, from: edges[bin], to: edges[bin + 1] }))
    .filter(({ from, to }) => from >= low && to <= high);
  const density = bins.map(({ count, from, to }) => count / (x(to) - x(from)));
  const highest = Math.max(...density);
  const tops = density.map((value) => base - (value / highest) * RIDGES.peak);
  return stepPath([...bins.map(({ from }) => x(from)), x(bins[bins.length - 1].to)], tops, base);
}

function percent(share: number): string {
  return `${formatNumber(share * 100, 2)} %`;
}
