/** At which generation a metric crosses a line, with a band: each seed is a walk that goes on as all seeds of its condition did. */
import { bandsAt, crossing, hasChanged, hasTurned, recentWalk } from '../statistics/forecast.js';
import { rowsOf } from './tests.js';
import type { Measure, Point, Series } from './summary.js';

export interface Forecast {
  readonly label: string;
  readonly condition: string;
  readonly member: string;
  /** the last generation that is known */
  readonly from: number;
  /** generations of one step of the walk */
  readonly stride: number;
  readonly scale: 'log' | 'plain';
  /** seeds, and those that crossed the line already */
  readonly seeds: number;
  readonly crossed: number;
  /** of a seed that has not: first generation beyond the line, 5 %, 50 % and 95 % of what may be; absent: not by `until` */
  readonly early?: number;
  readonly middle?: number;
  readonly late?: number;
  /** chance that such a seed has crossed it by `until` */
  readonly within?: number;
  /** 90 % of where a seed lies that stands where the middle one does now, by generation, in the metric's unit */
  readonly band?: readonly { readonly generation: number; readonly low: number; readonly high: number }[];
  /** steps changed on the way in a manner that the forecast does not know: p of the same drift and of the same spread */
  readonly changed?: { readonly drift: number; readonly spread: number };
  /** why there is none */
  readonly why?: string;
}

/** Steps that a walk is learnt from, at least. */
const LEAST = 5;
/** Places at which the band is told. */
const PLACES = 10;

/** @param until the last generation that is looked at */
export function forecastOf(measure: Measure, series: Series, line: number, until: number): Forecast | undefined {
  const points = series.points.get(measure.key) ?? [];
  if (points.length === 0) return undefined;
  const { kept, stride } = evenly(points);
  const from = points[points.length - 1].generation;
  const rows = rowsOf(kept);
  const positive = line > 0 && rows.every((row) => row.every((value) => value > 0));
  const about = { label: series.label, condition: series.condition, member: series.member, from, stride, scale: positive ? 'log' : 'plain' } as const; // prettier-ignore
  const all = rowsOf(points);
  const beyond = (row: ArrayLike<number>): boolean => Array.from(row).some((value) => (row[0] < line ? value >= line : value <= line)); // prettier-ignore
  const crossed = all.filter(beyond).length;
  const counts = { ...about, seeds: all.length, crossed };
  if (all.length > 0 && crossed === all.length) return counts;
  const [to, back] = positive ? [Math.log, Math.exp] : [(x: number) => x, (x: number) => x];
  const scaled = rows.map((row) => row.map(to));
  const walk = recentWalk(scaled);
  if (walk === undefined || walk.steps < LEAST) return { ...counts, why: `it takes ${LEAST} steps of all seeds together` };
  if (until <= from) return { ...counts, why: `generation ${until} is known already` };
  const here = all.flatMap((row) => (beyond(row) ? [] : [to(row[row.length - 1])]));
  const horizon = Math.ceil((until - from) / stride);
  const found = crossing(walk, here, to(line), horizon);
  const at = (steps: number): number | undefined => (steps === Infinity ? undefined : from + steps * stride);
  const middle = [...here].sort((a, b) => a - b)[Math.floor(here.length / 2)];
  const places = [...new Set(Array.from({ length: PLACES }, (_, i) => Math.ceil(((i + 1) * horizon) / PLACES)))];
  return {
    ...counts,
    early: at(found.early),
    middle: at(found.middle),
    late: at(found.late),
    within: found.within,
    band: bandsAt(walk, middle, places).map(([low, high], i) => ({
      generation: from + places[i] * stride,
      low: back(low),
      high: back(high),
    })),
    ...(hasChanged(walk) && { changed: walk.changed }),
  };
}

/** Generations at equal distances back from the last, as far as they go. */
function evenly(points: readonly Point[]): { kept: readonly Point[]; stride: number } {
  const last = points[points.length - 1].generation;
  const stride = points.length > 1 ? last - points[points.length - 2].generation : 1;
  const kept: Point[] = [];
  for (let t = last, i = points.length - 1; i >= 0; i--) {
    if (points[i].generation > t) continue;
    if (points[i].generation < t) break;
    kept.unshift(points[i]);
    t -= stride;
  }
  return { kept, stride };
}

/** In a sentence. */
export function forecastSentence(forecast: Forecast, line: number, until: number): string {
  const { label, seeds, crossed, early, middle, late, within, why, changed, from } = forecast;
  const already = crossed === 0 ? '' : ` ${crossed} of ${seeds} seeds crossed it by generation ${from}.`;
  if (crossed === seeds) return `${label}: crossed by generation ${from} in ${seeds === 1 ? 'the one seed' : `all ${seeds} seeds`}.`; // prettier-ignore
  if (why !== undefined) return `${label}: no forecast, ${why}.${already}`;
  const chance = `${Math.round(100 * within!)} % by generation ${until}`;
  const other = crossed === 0 ? 'A seed' : 'Another seed';
  const said =
    early === undefined
      ? `${other} stays before ${line} until generation ${until} (95 %; ${chance} cross it)`
      : late === undefined
        ? `${other} crosses ${line} not before generation ${early} (95 %)${middle === undefined ? '' : `, half of them by ${middle}`}; ${chance}`
        : `${other} crosses ${line} at generation ${middle} (90 %: ${early} to ${late})`;
  const warned = changed
    ? ` Its steps changed on the way${hasTurned({ changed }) ? ': those of the second half alone are used' : ', more than their spread with level and time'}; if they go on changing the band is wrong.`
    : '';
  return `${label}: ${said}.${already}${warned}`;
}
