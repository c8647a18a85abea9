/** The figure of small multiples: every measure by generation. */
import { GROUPS } from '../../evaluations/groups.js';
import { isHeadline } from '../../evaluations/index.js';
import { formatNumber } from '../format.js';
import { inGroups } from '../groups.js';
import { el } from '../html.js';
import type { Child, Markup } from '../html.js';
import { groupBy, unrelated } from '../summary.js';
import type { ExperimentPlan } from '../../spec/plan.js';
import type { Measure, Point, Series, Summary } from '../summary.js';
import { leadMeasure } from '../finding.js';
import type { HonestBand } from '../honest.js';
import type { CheckedLaw } from '../laws.js';
import { MARGIN, stillness, type Still } from '../still.js';
import { BAND_SEEDS, LOG_RATIO, SEED_LINES, SINGLE_SEEDS, curvesPanel } from '../svg/curves.js';
import type { Reference, Turn } from '../svg/curves.js';
import { markerPath } from '../svg/path.js';

/** Last part of the variant under which a metric reports its expectation for draws from the true distribution. */
const HONEST = 'honest-sampling';

export interface Figures {
  /** of the finding: the measure that it is about */
  readonly lead: Child;
  /** the section of all others, by what a reader asks */
  readonly rest: Child;
}

export function curveFigures(
  summary: Summary,
  plan: ExperimentPlan,
  laws: readonly CheckedLaw[] = [],
  honest: readonly HonestBand[] = [],
): Figures {
  if (summary.measures.length === 0) return { lead: undefined, rest: undefined };
  const leads = [...new Set(unrelated(summary).flatMap((part) => leadMeasure(part, plan) ?? []))];
  const references = new Map(summary.measures.flatMap((measure) => referenceOf(summary, measure)));
  const baselines = new Set([...references.values()].map(({ measure }) => measure));
  const drawn = summary.measures.filter((measure) => !baselines.has(measure));
  const turns = turnsOf(plan);
  const figure = (measure: Measure, heading: 'h3' | 'h4', still?: Still): Markup =>
    el(
      'figure',
      {},
      el(heading, {}, measure.label),
      el('p', { class: 'variant' }, variantText(measure)),
      still && el('p', { class: 'variant' }, stillText(still)),
      curvesPanel(
        `m${drawn.indexOf(measure)}`,
        measure,
        futures(summary.series, measure, plan),
        summary.generations,
        [
          ...(references.get(measure) ? [references.get(measure)!.line] : []),
          ...theory(measure, laws),
          ...honestly(measure, honest),
        ],
        turns,
      ),
    );
  const said = [
    caption(summary),
    laws.length > 0 && ' Dotted lines are what the exact laws say.',
    honest.length > 0 && ' A band with a dashed edge is honest sampling alone: 95 in 100 of its chains.',
    summary.series.some(({ level }) => level) && ' A dashed line is a condition that has generation 0 alone.',
    turns.length > 0 && TURNS,
  ];
  const others = drawn.filter((measure) => !leads.includes(measure));
  const lead = el(
    'div',
    {},
    leads.map((measure) => figure(measure, 'h3')),
    legend(summary),
    others.length === 0 && el('p', { class: 'caption' }, said),
  );
  if (others.length === 0) return { lead, rest: undefined };
  const groups = inGroups(others);
  const heading = groups.length > 1 ? 'h4' : 'h3';
  return {
    lead,
    rest: el(
      'section',
      {},
      el('h2', {}, 'Scores by generation'),
      el('p', { class: 'caption' }, said),
      legend(summary),
      groups.map(({ group, own }) => {
        const still = new Map(own.flatMap((measure) => entryOf(measure, stillness(summary, measure))));
        // the telling ones first; sorting keeps the order within each part
        const moving = own.filter((measure) => !still.has(measure)).sort((a, b) => Number(isHeadline(b)) - Number(isHeadline(a)));
        const { title, asks } = GROUPS[group];
        return [
          groups.length > 1 && el('h3', { class: 'group' }, title, asks !== '' && el('small', {}, asks)),
          moving.length > 0 && el('div', { class: 'panels' }, moving.map((measure) => figure(measure, heading))), // prettier-ignore
          still.size > 0 &&
            el(
              'details',
              {},
              el('summary', {}, stillSummary(still)),
              el('div', { class: 'panels' }, [...still].map(([measure, how]) => figure(measure, heading, how))), // prettier-ignore
            ),
        ];
      }),
    ),
  };
}

const entryOf = <K, V>(key: K, value: V | undefined): [K, V][] => (value === undefined ? [] : [[key, value]]);

/** What is folded, how little it moved, and by which rule. */
function stillSummary(still: ReadonlyMap<Measure, Still>): string {
  const named = [...still].map(([{ label }, { moved }]) =>
    moved === 0 ? `${label} (the same everywhere)` : `${label} (at most ${percent(moved)} of its largest value)`,
  );
  const rule = `every 95 % interval is within ${MARGIN * 100} %, and no paired t test tells anything apart`;
  const constant = [...still.values()].every(({ moved }) => moved === 0);
  return `${named.length === 1 ? 'Does' : 'Do'} not move: ${named.join(', ')}${constant ? '' : `; ${rule}`}`;
}

function stillText({ moved, within, tests }: Still): string {
  if (within === undefined) return 'The same value everywhere.';
  return `No difference from the start or between conditions is above ${percent(moved)} of the largest value, nor its 95 % interval above ${percent(within)}; ${tests} paired t tests tell nothing apart (Holm).`;
}

const percent = (share: number): string => `${formatNumber(100 * share, 2)} %`;

const TURNS =
  ' A thin upright line stands where settings change (Settings say to what); conditions that are the same until then have one line before it.';

/** Where settings change within a condition. */
function turnsOf(plan: ExperimentPlan): Turn[] {
  return plan.conditions.flatMap(({ name, phases = [] }) => phases.map(({ from }) => ({ condition: name, from })));
}

/** The series, those with phases from where they part: before it another one's line is theirs, too. */
function futures(series: readonly Series[], { key }: Measure, plan: ExperimentPlan): Series[] {
  const turning = new Set(turnsOf(plan).map(({ condition }) => condition));
  return series.map((one, i) => {
    const points = one.points.get(key);
    if (!turning.has(one.condition) || points === undefined) return one;
    const others = series.filter(
      (other, j) => other.member === one.member && j !== i && (j < i || !turning.has(other.condition)),
    );
    const shared = Math.max(0, ...others.map((other) => commonPoints(points, other.points.get(key) ?? [])));
    return shared < 2 ? one : { ...one, points: new Map([[key, points.slice(shared - 1)]]) };
  });
}

/** How many points two series begin with that are the same in every seed. */
function commonPoints(some: readonly Point[], others: readonly Point[]): number {
  const same = (a: Point, b: Point | undefined) =>
    a.generation === b?.generation && a.n === b.n && Array.from(a.seeds).every((seed, i) => seed === b.seeds[i] && a.values[i] === b.values[i]); // prettier-ignore
  const parted = some.findIndex((point, i) => !same(point, others[i]));
  return parted < 0 ? some.length : parted;
}

/** A measure's own baseline, where the results have it: what honest sampling from the truth would score, as a line in its panel. */
function referenceOf(summary: Summary, measure: Measure): [Measure, { measure: Measure; line: Reference }][] {
  const variant = `${measure.variant}/${HONEST}`;
  const baseline = summary.measures.find(
    (other) => other.metric === measure.metric && other.variant === variant && other.version === measure.version,
  );
  if (baseline === undefined) return [];
  const points = summary.series.flatMap((series) => (series.level ? [] : (series.points.get(baseline.key) ?? [])));
  const line = [...groupBy(points, (point) => point.generation)]
    .sort(([a], [b]) => a - b)
    .map(([generation, at]) => [generation, at.reduce((sum, point) => sum + point.mean, 0) / at.length] as const);
  return [[measure, { measure: baseline, line: { label: 'honest', points: line } }]];
}

/** What the exact laws say a measure is, at the generations that were measured. A bound is no line to follow and is left out. */
function theory(measure: Measure, laws: readonly CheckedLaw[]): Reference[] {
  return laws
    .filter((checked) => checked.measure === measure && checked.law.relation === 'equal')
    .map(({ series, index, law }) => {
      const generations = series.points.get(measure.key)!.map(({ generation }) => generation);
      const expected = law.expectations(generations[generations.length - 1]);
      return { index, points: generations.filter((t) => Number.isFinite(expected[t])).map((t) => [t, expected[t]] as const) };
    })
    .filter(({ points }) => points.length > 1);
}

/** Where 95 in 100 chains of honest sampling alone lie. */
function honestly(measure: Measure, honest: readonly HonestBand[]): Reference[] {
  return honest
    .filter((band) => band.measure === measure && band.points.length > 1)
    .map(({ series, index, points }) => ({
      index,
      title: `${series.label}: honest sampling alone, 95 in 100 chains`,
      points: points.map(({ generation, mean }) => [generation, mean] as const),
      band: points.map(({ band }) => band),
    }));
}

/** The variant, version and settings that a number needs beside its name. */
export function variantText({ variant, version, settings }: Measure): string {
  const set = Object.keys(settings)
    .sort()
    .map((name) => `${name} ${settings[name]}`);
  return [variant, `v${version}`, ...set].join(', ');
}

/** Which colour and marker is which series. */
export function legend(summary: Summary): Markup {
  return el(
    'ul',
    { class: 'legend' },
    summary.series.map((series, i) =>
      el(
        'li',
        { class: `s${i % 8}` },
        el(
          'svg',
          { viewBox: '0 0 30 10', 'aria-hidden': 'true' },
          el('path', { class: 'mean', d: 'M0,5L30,5' }),
          el('path', { class: 'mark', d: markerPath(i, [15, 5], 3.6) }),
        ),
        series.label,
      ),
    ),
  );
}

function caption({ seeds, series }: Summary): string {
  const axis = `Axes are logarithmic where values span more than a factor of ${LOG_RATIO}, linear for shares.`;
  if (seeds.length === 1) return `One seed (${seeds[0]}): the lines say nothing about the spread between seeds. ${axis}`;
  if (seeds.length > SINGLE_SEEDS)
    return `The mean of ${seeds.length} seeds is a thick line with its 95 % t-interval; the pale band holds nine in ten seeds. ${axis}`;
  if (series.length > SEED_LINES && seeds.length >= BAND_SEEDS)
    return `The mean of ${seeds.length} seeds is a line, its 95 % t-interval a band; every seed’s value stands under Results. ${axis}`;
  const band = seeds.length >= BAND_SEEDS ? ', its 95 % t-interval a band' : '';
  return `Each of ${seeds.length} seeds is a thin line, their mean a thick one${band}. ${axis}`;
}
