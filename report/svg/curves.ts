/** One measure over generations: each condition's mean a thick line with its 95 % band, labelled at its end, and its seeds thin ones. */
import { quantile } from '../../statistics/summary.js';
import { formatEstimate } from '../format.js';
import { el } from '../html.js';
import type { Child, Markup } from '../html.js';
import type { Measure, Point, Series } from '../summary.js';
import { groupBy } from '../summary.js';
import { shorten } from '../text.js';
import { bandPath, linePath, markerPath } from './path.js';
import type { XY } from './path.js';
import { integerTicks, linearScale, logScale, logTicks, niceDomain, niceTicks, tickLabel } from './scale.js';
import type { Scale } from './scale.js';

export const PANEL = { width: 360, height: 226, left: 46, top: 10, bottom: 34 };

/** Values that span more than this go on a logarithmic axis, unless they are shares. */
export const LOG_RATIO = 8;
/** A band needs three seeds: of two, the t-interval is wider than any panel. */
export const BAND_SEEDS = 3;
/** px a character of a label, at most */
const LABEL_WIDTH = 7.9;
const LABEL_CHARACTERS = 14;
/** px between the base lines of two direct labels */
const LABEL_STEP = 13;
const Y_TICKS = 5;

/** More seeds than this are not drawn one by one, but as the range of nine in ten. */
export const SINGLE_SEEDS = 30;
/** Of more series than this the seeds' lines hide each other: where there are bands, they are left out. */
export const SEED_LINES = 4;
const SPREAD = [0.05, 0.95] as const;
/** Markers on a line, at most. */
const MARKS = 24;

/** A dashed line to compare with: what the measure would be under some ideal, or what a law says that it is. */
export interface Reference {
  /** written at its end */
  readonly label?: string;
  /** of the series that it belongs to, for its colour */
  readonly index?: number;
  readonly points: readonly (readonly [generation: number, value: number])[];
  /** an area in place of the line: its edges at each point */
  readonly band?: readonly (readonly [low: number, high: number])[];
  /** what the area is, said where it is pointed at */
  readonly title?: string;
}

/** Where settings change within a condition: with generation `from`. */
export interface Turn {
  readonly condition: string;
  readonly from: number;
}

/** @param id unique in the page */
export function curvesPanel(
  id: string,
  measure: Measure,
  series: readonly Series[],
  generations: readonly number[],
  references: readonly Reference[] = [],
  turns: readonly Turn[] = [],
): Markup {
  const last = generations[generations.length - 1];
  const drawn = series.flatMap((s, index) => {
    const points = s.points.get(measure.key);
    if (!points) return [];
    const level = s.level === true && points[0].generation < last;
    return [
      { index, label: s.label, level, marked: points, points: level ? [points[0], { ...points[0], generation: last }] : points },
    ];
  });
  const named = [...drawn.map(({ label }) => label), ...references.flatMap(({ label }) => label ?? [])].map((label) =>
    shorten(label, LABEL_CHARACTERS),
  );
  const right = 16 + LABEL_WIDTH * Math.max(...named.map((label) => label.length));
  const [x0, x1, y0, y1] = [PANEL.left, PANEL.width - right, PANEL.height - PANEL.bottom, PANEL.top];
  const x = linearScale([generations[0], last], [x0, x1]);
  const y = valueScale(
    drawn.flatMap(({ points }) => points),
    [y0, y1],
    references.flatMap(({ points, band }) => (band ? band.flat() : points.map(([, value]) => value))),
  );
  const areas = references.flatMap(({ index = 0, points, band: edges, title }) => {
    if (edges === undefined) return [];
    const edge = (side: 0 | 1) => points.map(([generation], i): XY => [x(generation), y(edges[i][side])]);
    return el('path', { class: `honest s${index % 8}`, d: bandPath(edge(1), edge(0)) }, el('title', {}, title));
  });
  const lines = references.filter(({ band: edges }) => edges === undefined);
  const dashed = lines.map(({ label, index, points }) => ({
    label,
    index,
    line: points.map(([generation, value]): XY => [x(generation), y(value)]),
  }));

  const crowded = drawn.length > SEED_LINES;
  const marks = drawn.map(({ index, label, level, marked, points }) => {
    const interval = band(points, x, y);
    const lines = crowded && interval !== undefined ? [] : seedLines(points);
    const mean = points.map((point): XY => [x(point.generation), y(point.mean)]);
    return el(
      'g',
      { class: `s${index % 8}` },
      spreadOf(points, x, y),
      interval,
      lines.map((line) => el('path', { class: 'seed', d: linePath(line.map(([g, v]): XY => [x(g), y(v)])) })),
      el('path', { class: level ? 'mean level' : 'mean', d: linePath(mean) }),
      marked.map(
        (point, i) =>
          i % Math.ceil(marked.length / MARKS) === 0 &&
          el(
            'path',
            { class: 'mark', d: markerPath(index, mean[i]) },
            el('title', {}, `${label}, generation ${point.generation}: ${spoken(point)}`),
          ),
      ),
    );
  });
  const ends = [
    ...drawn.map(({ points }): XY => [x(points[points.length - 1].generation), y(points[points.length - 1].mean)]),
    ...dashed.flatMap(({ label, line }) => (label === undefined ? [] : line.slice(-1))),
  ];
  const placed = spread(
    ends.map(([, at]) => at),
    LABEL_STEP,
    y1 + 4,
    y0,
  );
  const labels = ends.map(([at], i) =>
    el('text', { class: i < drawn.length ? `label s${drawn[i].index % 8}` : 'axis', x: at + 8, y: placed[i] + 4 }, named[i]),
  );
  const description = drawn.map(({ label, marked }) => `${label}: ${firstAndLast(marked)}`).join('; ');
  return el(
    'svg',
    { viewBox: `0 0 ${PANEL.width} ${PANEL.height}`, role: 'img', 'aria-labelledby': `${id}-t ${id}-d`, class: 'panel' },
    el('title', { id: `${id}-t` }, `${measure.label} by generation`),
    el('desc', { id: `${id}-d` }, description),
    el('clipPath', { id: `${id}-c` }, el('rect', { x: x0 - 5, y: y1 - 5, width: x1 - x0 + 10, height: y0 - y1 + 10 })),
    yAxis(y, x0, x1),
    xAxis(x, generations, y0),
    turnLines(turns, x, y0, y1),
    el(
      'g',
      { 'clip-path': `url(#${id}-c)` },
      areas,
      dashed.map(({ index, line }) => index === undefined && el('path', { class: 'reference', d: linePath(line) })),
      marks,
      dashed.map(({ index, line }) => index !== undefined && el('path', { class: `theory s${index % 8}`, d: linePath(line) })),
    ),
    labels,
  );
}

/** Linear, or logarithmic where positive values beyond [0, 1] span a wide range; wide enough for every seed, and for bands within reason. */
export function valueScale(points: readonly Point[], range: readonly [number, number], others: readonly number[] = []): Scale {
  const values = [...points.flatMap(shownValues), ...others];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (low > 0 && high > 1 && high / low >= LOG_RATIO)
    return logScale([low / (high / low) ** 0.05, high * (high / low) ** 0.05], range);
  const reach = (high - low) / 2;
  const edges = points.flatMap((p) => (p.n >= BAND_SEEDS ? [p.mean - p.halfWidth!, p.mean + p.halfWidth!] : []));
  const bottom = Math.max(low - reach, Math.min(low, ...edges));
  const top = Math.min(high + reach, Math.max(high, ...edges));
  const floor = low >= 0 && (bottom < 0 || low < 0.35 * high) ? 0 : bottom;
  const [from, to] = niceDomain(floor, top, Y_TICKS);
  // what is never negative, or never above 1, gets no axis there
  return linearScale([low >= 0 ? Math.max(0, from) : from, low >= 0 && high <= 1 ? Math.min(1, to) : to], range);
}

/** Moves label positions apart to at least `step`, keeping their order and, where there is room, the bounds. */
export function spread(wanted: readonly number[], step: number, low: number, high: number): number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a] - wanted[b] || a - b);
  const placed = [...wanted];
  let previous = low - step;
  for (const i of order) previous = placed[i] = Math.max(wanted[i], previous + step);
  let next = high + step;
  for (const i of order.reverse()) next = placed[i] = Math.min(placed[i], next - step);
  return placed;
}

/** What a point needs room for: every seed, or of many their range and mean. */
function shownValues(point: Point): number[] {
  return point.n > SINGLE_SEEDS ? [...spreadAt(point), point.mean] : [...point.values];
}

function spreadAt({ values }: Point): [number, number] {
  const ascending = values.slice().sort();
  return [quantile(ascending, SPREAD[0]), quantile(ascending, SPREAD[1])];
}

/** The range of nine in ten seeds, where there are too many for lines. */
function spreadOf(points: readonly Point[], x: Scale, y: Scale): Markup | undefined {
  const many = points.filter(({ n }) => n > SINGLE_SEEDS);
  if (many.length < 2) return undefined;
  const ranges = many.map(spreadAt);
  const edge = (side: 0 | 1) => many.map((point, i): XY => [x(point.generation), y(ranges[i][side])]);
  return el('path', { class: 'spread', d: bandPath(edge(1), edge(0)) });
}

function band(points: readonly Point[], x: Scale, y: Scale): Markup | undefined {
  // an interval that reaches below zero has no place on a logarithmic axis
  const wide = points.filter((point) => point.n >= BAND_SEEDS && (y.kind === 'linear' || point.mean > point.halfWidth!));
  if (wide.length < 2) return undefined;
  const [floor, ceiling] = y.domain;
  const edge = (sign: 1 | -1) =>
    wide.map((point): XY => [x(point.generation), y(Math.min(ceiling, Math.max(floor, point.mean + sign * point.halfWidth!)))]);
  return el('path', { class: 'band', d: bandPath(edge(1), edge(-1)) });
}

/** Each seed's line; none where the mean is the only seed. */
function seedLines(points: readonly Point[]): [generation: number, value: number][][] {
  if (points.some(({ n }) => n > SINGLE_SEEDS)) return [];
  const values = points.flatMap(({ generation, seeds, values: at }) =>
    Array.from(at, (value, i) => ({ seed: seeds[i], generation, value })),
  );
  const lines = [...groupBy(values, ({ seed }) => seed).values()];
  return lines.length < 2 ? [] : lines.map((line) => line.map(({ generation, value }) => [generation, value]));
}

function yAxis(y: Scale, x0: number, x1: number): Markup {
  const ticks = y.kind === 'log' ? logTicks(y.domain[0], y.domain[1], 6) : niceTicks(y.domain[0], y.domain[1], Y_TICKS);
  const lines = ticks.map((tick) => [
    el('line', { class: 'grid', x1: x0, x2: x1, y1: y(tick), y2: y(tick) }),
    el('text', { class: 'tick', x: x0 - 7, y: y(tick) + 3.5, 'text-anchor': 'end' }, tickLabel(tick)),
  ]);
  return el('g', {}, lines);
}

function xAxis(x: Scale, generations: readonly number[], y0: number): Markup {
  const ticks = integerTicks(generations[0], generations[generations.length - 1], 10);
  return el(
    'g',
    {},
    ticks.map((tick) => el('text', { class: 'tick', x: x(tick), y: y0 + 16, 'text-anchor': 'middle' }, tick)),
    el('text', { class: 'axis', x: (x(x.domain[0]) + x(x.domain[1])) / 2, y: y0 + 30, 'text-anchor': 'middle' }, 'generation'),
  );
}

/** Between the last generation before and the first after; of several conditions that change at once, one line. */
function turnLines(turns: readonly Turn[], x: Scale, y0: number, y1: number): Child {
  const [first, last] = x.domain;
  const within = turns.filter(({ from }) => from > first && from <= last);
  return [...groupBy(within, ({ from }) => from)].map(([from, at]) =>
    el(
      'line',
      { class: 'turn', x1: x(from - 0.5), x2: x(from - 0.5), y1, y2: y0 },
      el('title', {}, `other settings from generation ${from} on: ${at.map(({ condition }) => condition).join(', ')}`),
    ),
  );
}

function spoken(point: Point): string {
  return `${formatEstimate(point)} (${point.n} ${point.n === 1 ? 'seed' : 'seeds'})`;
}

function firstAndLast(points: readonly Point[]): string {
  const [first, last] = [points[0], points[points.length - 1]];
  const start = `generation ${first.generation} ${spoken(first)}`;
  return first === last ? start : `${start}, generation ${last.generation} ${spoken(last)}`;
}
