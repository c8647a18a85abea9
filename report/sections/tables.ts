/** The result tables: means with intervals by generation, the change from first to last, and every seed's value. */
import { evaluations } from '../../evaluations/index.js';
import { MEASURES } from '../../kinds/chains/measures.js';
import { changes } from '../change.js';
import type { Comparison } from '../change.js';
import { formatEstimate, formatNumber } from '../format.js';
import { inGroups } from '../groups.js';
import { el } from '../html.js';
import type { Child, Markup } from '../html.js';
import { thinned } from '../summary.js';
import type { Measure, Point, Series, Summary } from '../summary.js';
import { variantText } from './curves.js';

/** More seeds than this have no table of their own; `habsburg results --format csv` has every value. */
const SEED_TABLE = 50;
/** Columns of generations, at most. */
const COLUMNS = 16;

export function tablesSection(summary: Summary): Child {
  if (summary.measures.length === 0) return undefined;
  const measures = inGroups(summary.measures).flatMap(({ own }) => own);
  summary = { ...summary, measures, generations: thinned(summary.generations, COLUMNS) };
  const count = summary.seeds.length;
  const spread = count > 1 ? `Means of ${count} seeds ± half-width of the 95 % t-interval` : `Seed ${summary.seeds[0]}`;
  return el(
    'section',
    {},
    el('h2', {}, 'Results'),
    el(
      'p',
      { class: 'caption' },
      `${spread}, by generation. The last column is the last generation’s value over the first’s${count > 1 ? ' (geometric mean over seeds, 95 % t-interval of the log ratio; where a seed’s value is 0, of the means over seeds)' : ''}; where values are negative or begin at 0, what they rose or fell by. – is no value: not defined, or not measured yet.`,
      count > 1 &&
        summary.series.length > 1 &&
        ' Conditions share a seed’s random numbers, so two of them are compared by the difference in each seed, as in the sentences above, and not by whether their intervals overlap.',
    ),
    el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Results by generation' }, meansTable(summary)),
    glossary(summary),
    count > 1 &&
      count <= SEED_TABLE &&
      el(
        'details',
        {},
        el('summary', {}, 'Every seed'),
        el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Results of every seed' }, seedsTable(summary)),
      ),
  );
}

/** What each metric is, in the words of its implementation; a metric that this version lacks is left out. */
function glossary(summary: Summary): Child {
  const words = [
    ...evaluations,
    ...Object.values(MEASURES).flatMap((measures) => measures.map(({ metric: name, ...rest }) => ({ name, ...rest }))),
  ];
  const known = words.filter((word) =>
    summary.measures.some((m) => m.metric === word.name && `${m.variant}/`.startsWith(`${word.variant}/`)),
  );
  const unique = known.filter(
    (word, i) => known.findIndex((other) => other.name === word.name && other.summary === word.summary) === i,
  );
  return (
    unique.length > 0 &&
    el(
      'details',
      {},
      el('summary', {}, 'What the measures are'),
      el(
        'dl',
        {},
        unique.map(({ name, summary: text }) => [el('dt', {}, name), el('dd', {}, text)]),
      ),
    )
  );
}

function meansTable(summary: Summary): Markup {
  return table(
    ['condition'],
    [...summary.generations, 'last ÷ first'],
    summary.measures.map((measure) => {
      const compared = new Map(changes(summary, measure).map(({ series, comparison }) => [series, comparison]));
      return group(
        measure,
        summary.generations.length + 2,
        seriesOf(summary, measure).map(({ series, index, points, most }) => [
          el('th', { scope: 'row', class: `key s${index % 8}` }, series.label),
          summary.generations.map((generation) =>
            meanCell(
              points.find((point) => point.generation === generation),
              most,
            ),
          ),
          el('td', { class: 'num' }, comparisonText(compared.get(series))),
        ]),
      );
    }),
  );
}

function seedsTable(summary: Summary): Markup {
  return table(
    ['condition', 'seed'],
    summary.generations,
    summary.measures.map((measure) =>
      group(
        measure,
        summary.generations.length + 2,
        seriesOf(summary, measure).flatMap(({ series, index, points }) =>
          [...new Set(points.flatMap((point) => Array.from(point.seeds)))].map((seed) => [
            el('th', { scope: 'row', class: `key s${index % 8}` }, series.label),
            el('td', { class: 'num' }, seed),
            summary.generations.map((generation) => {
              const point = points.find((point) => point.generation === generation);
              const value = point?.values[Array.from(point.seeds).indexOf(seed)];
              return el(
                'td',
                { class: 'num' },
                value === undefined ? '–' : el('data', { value: String(value) }, formatNumber(value)),
              );
            }),
          ]),
        ),
      ),
    ),
  );
}

function table(heads: readonly string[], columns: readonly (string | number)[], groups: readonly Markup[]): Markup {
  const left = heads.map((head) => el('th', { scope: 'col', class: head === 'seed' && 'num' }, head));
  return el(
    'table',
    {},
    el(
      'thead',
      {},
      el(
        'tr',
        {},
        left,
        columns.map((column) => el('th', { scope: 'col', class: 'num' }, column)),
      ),
    ),
    groups,
  );
}

/** A measure's rows under one heading row of so many columns. */
function group(measure: Measure, columns: number, rows: readonly Child[]): Markup {
  const heading = el('th', { scope: 'rowgroup', colspan: columns }, measure.label, el('small', {}, variantText(measure)));
  return el(
    'tbody',
    {},
    el('tr', {}, heading),
    rows.map((row) => el('tr', {}, row)),
  );
}

/** Every series, also one without a value; `most`: seeds at the generation where it has most. */
function seriesOf(
  summary: Summary,
  measure: Measure,
): { series: Series; index: number; points: readonly Point[]; most: number }[] {
  return summary.series.map((series, index) => ({
    series,
    index,
    points: series.points.get(measure.key) ?? [],
    most: Math.max(...[...series.points.values()].flat().map(({ n }) => n)),
  }));
}

/**
 * The exact mean is in the element's value; the text is rounded to what the interval supports.
 * @param most seeds of a cell that has all of them; fewer are said
 */
function meanCell(point: Point | undefined, most: number): Markup {
  if (point === undefined) return el('td', { class: 'num' }, '–');
  const [mean, halfWidth] = formatEstimate(point).split(' ± ');
  return el(
    'td',
    { class: 'num' },
    el('data', { value: String(point.mean) }, mean),
    halfWidth !== undefined && el('span', { class: 'pm' }, `± ${halfWidth}`),
    point.n < most && el('span', { class: 'pm' }, `n = ${point.n}`),
  );
}

function comparisonText(comparison: Comparison | undefined): Child {
  if (comparison === undefined) return '–';
  const { kind, value, low, high } = comparison;
  const interval =
    low === undefined || high === undefined
      ? undefined
      : el('span', { class: 'pm' }, `${formatNumber(low, 3)} to ${formatNumber(high, 3)}`);
  return [kind === 'difference' && 'by ', formatNumber(value, 3), interval];
}
