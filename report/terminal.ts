/** Results as text for a terminal: the table of generations by metrics, and one prompt continued by every generation. */
import { GROUPS } from '../evaluations/groups.js';
import { isHeadline } from '../evaluations/index.js';
import { formatEstimate } from './format.js';
import { groupOf, inGroups } from './groups.js';
import type { Continuations } from './samples.js';
import { thinned, unrelated } from './summary.js';
import type { Measure, Point, Series, Summary } from './summary.js';
import { clip, columns, visible, wrap } from './text.js';

export interface TableOptions {
  /** columns of the terminal */
  readonly width: number;
  /** show each metric's most telling value only, and say how many are left out */
  readonly headline?: boolean;
}

/** Rows of generations, at most. */
const ROWS = { short: 13, full: 25 };
/** Widest line of a column's heading before it is broken. */
const HEADING = 13;
const GAP = 2;

/** One table per condition, rows are generations; measures that do not fit beside each other go into further blocks. */
export function renderTable(all: Summary, options: TableOptions): string {
  if (all.series.length === 0) return 'No generation has been scored yet.\n';
  return unrelated(all)
    .map((part) => renderPart(part, options))
    .join('\n');
}

function renderPart(all: Summary, options: TableOptions): string {
  const telling = options.headline ? all.measures.filter(isHeadline) : [];
  const generations = thinned(all.generations, options.headline ? ROWS.short : ROWS.full);
  const groups = inGroups(telling.length === 0 ? all.measures : telling);
  const summary = { ...all, measures: groups.flatMap(({ own }) => own), generations };
  const tables = summary.series.map((series) => ({ series, cells: seriesColumns(summary, series, groups.length > 1) }));
  const blocks = packed(
    tables.map(({ cells }) => cells),
    options.width,
  );
  const lines: string[] = [];
  for (const block of blocks) {
    for (const { series, cells } of tables) {
      lines.push(`${visible(series.label)} ${seedNote(series)}`);
      lines.push(
        ...drawBlock(
          series.level ? generations.slice(0, 1) : generations,
          block.map((index) => cells[index]),
        ),
        '',
      );
    }
  }
  const hidden = all.measures.length - summary.measures.length;
  const skipped = all.generations.length - generations.length;
  const more = [
    hidden > 0 && `${hidden} more ${hidden === 1 ? 'measure' : 'measures'}`,
    skipped > 0 && `${skipped} more generations`,
  ];
  if (hidden + skipped > 0)
    lines.push(
      `… and ${more.filter(Boolean).join(' and ')}: habsburg results ${options.headline ? '' : '--format csv '}shows all.`,
      '',
    );
  return lines.join('\n');
}

/** How the texts change: each generation's continuation, `lines` lines of it at most. */
export function renderContinuations(
  { prompt, seed, generations, columns: texts }: Continuations,
  width: number,
  lines = 3,
): string {
  const label = String(generations[generations.length - 1] ?? 0).length;
  const out = [
    prompt === ''
      ? `What every generation wrote, without a prompt (seed ${seed}):`
      : `One prompt, continued by every generation (seed ${seed}):`,
  ];
  if (prompt !== '') out.push(...wrap(visible(clip(prompt, 400)), width - 2).map((line) => `  ${line}`));
  out.push('');
  for (const column of texts) {
    out.push(visible(column.label));
    for (const generation of generations) {
      const text = column.texts.get(generation);
      if (text === undefined) continue;
      const wrapped = wrap(visible(clip(text, 2000)), width - label - 4);
      const kept = wrapped.length > lines ? [...wrapped.slice(0, lines - 1), `${wrapped[lines - 1]} …`] : wrapped;
      kept.forEach((line, index) => out.push(`  ${(index === 0 ? String(generation) : '').padStart(label)}  ${line}`));
    }
    out.push('');
  }
  return out.join('\n');
}

interface Column {
  /** title of the measure's group, where there are several */
  readonly group?: string;
  readonly heading: readonly string[];
  /** by generation */
  readonly cells: ReadonlyMap<number, string>;
  readonly width: number;
}

function seriesColumns(summary: Summary, series: Series, grouped: boolean): Column[] {
  const usual = usualSeeds(series);
  return summary.measures.map((measure) => {
    const group = grouped ? GROUPS[groupOf(measure)].title : undefined;
    return column(measure, series.points.get(measure.key) ?? [], usual, group);
  });
}

function column(measure: Measure, points: readonly Point[], usualSeedCount: number, group: string | undefined): Column {
  const heading = headingLines(visible(measure.label));
  const cells = new Map(
    points.map((point) => [point.generation, `${formatEstimate(point)}${point.n === usualSeedCount ? '' : ` (n=${point.n})`}`]),
  );
  const widths = [group ?? '', ...heading, ...cells.values()].map(columns);
  return { ...(group !== undefined && { group }), heading, cells, width: Math.max(...widths) };
}

/** A label broken at spaces and after hyphens. */
function headingLines(label: string): string[] {
  const lines: string[] = [];
  for (const part of label.split(/(?<=-)|(?= )/)) {
    const last = lines.length - 1;
    if (last >= 0 && columns(lines[last] + part) <= HEADING) lines[last] += part;
    else lines.push(part.trimStart());
  }
  return lines;
}

function usualSeeds(series: Series): number {
  return [...series.points.values()].flat().reduce((most, { n }) => Math.max(most, n), 0);
}

function seedNote(series: Series): string {
  const seeds = usualSeeds(series);
  return seeds === 1 ? '(1 seed)' : `(mean of ${seeds} seeds ± half-width of the 95 % t-interval)`;
}

/** Measures by block, so that every series' columns fit; the same blocks for all series, so that tables can be compared. */
function packed(tables: readonly (readonly Column[])[], width: number): number[][] {
  const blocks: number[][] = [];
  let used = Infinity;
  for (let index = 0; index < tables[0].length; index++) {
    const needed = GAP + Math.max(...tables.map((cells) => cells[index].width));
    if (used + needed > width) {
      blocks.push([]);
      used = 'gen'.length;
    }
    blocks[blocks.length - 1].push(index);
    used += needed;
  }
  return blocks;
}

function drawBlock(generations: readonly number[], block: readonly Column[]): string[] {
  const height = Math.max(...block.map(({ heading }) => heading.length));
  const gap = ' '.repeat(GAP);
  const heading = Array.from({ length: height }, (_, row) => {
    const first = row === height - 1 ? 'gen' : '   ';
    const parts = block.map((c) => padded(c.heading[row - (height - c.heading.length)] ?? '', c.width));
    return [first, ...parts].join(gap);
  });
  const rows = generations.map((generation) =>
    [String(generation).padStart(3), ...block.map((c) => padded(c.cells.get(generation) ?? '–', c.width))].join(gap),
  );
  // once over the columns of each group
  const titles = block.map(({ group, width }, i) => padded(group === block[i - 1]?.group ? '' : (group ?? ''), width));
  const above = block[0].group === undefined ? [] : [['   ', ...titles].join(gap)];
  return [...above, ...heading, ...rows].map((line) => line.trimEnd());
}

function padded(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - columns(text))) + text;
}
