/** One experiment against another, or another plan of its name: conditions of two, whose seeds are no pairs. */
import { cohensD } from '../statistics/effects.js';
import { mannWhitney } from '../statistics/mann-whitney.js';
import { noncentrality } from '../statistics/power.js';
import { welchT } from '../statistics/t-tests.js';
import type { Results } from './rows.js';
import { summarise, unrelated, type Measure, type Point, type Series } from './summary.js';
import { POWER, dOf, measuresAsked, type ShownTest } from './tests.js';

/**
 * Conditions and members of the same name, else every condition of one with every one of the other, at a generation or the last that both
 * have. A measure is the same where metric, variant, version and settings are.
 */
export function against(
  one: Pick<Results, 'scores' | 'plan'>,
  other: Pick<Results, 'scores' | 'plan' | 'experiment'>,
  conditions: readonly string[],
  metric: string | undefined,
  generation?: number,
): ShownTest[] {
  const theirs = summarise(other).series;
  return unrelated(summarise(one, metric === 'all' ? undefined : metric)).flatMap((summary) =>
    measuresAsked(summary, one, metric).flatMap((measure) => {
      const ours = summary.series.filter(({ condition }) => conditions.includes(condition));
      const named = ours.flatMap((a) => theirs.filter((b) => b.condition === a.condition && b.member === a.member).map((b) => [a, b] as const)); // prettier-ignore
      const all = named.length > 0 ? named : ours.flatMap((a) => theirs.map((b) => [a, b] as const));
      return all.flatMap(([a, b]) => unpaired(measure, a, b, other.experiment, generation));
    }),
  );
}

function unpaired(measure: Measure, one: Series, other: Series, name: string, generation: number | undefined): ShownTest[] {
  const [above, below] = [one, other].map((series) => series.points.get(measure.key) ?? []);
  const find = (points: readonly Point[], t: number | undefined): Point | undefined => points.find((p) => p.generation === t);
  const at = generation ?? above.findLast((p) => find(below, p.generation) !== undefined)?.generation;
  const [a, b] = [find(above, at), find(below, at)];
  if (a === undefined || b === undefined || at === undefined) return [];
  const logs = [a, b].every(({ values }) => values.every((value) => value > 0));
  const [x, y] = logs ? [a.values.map(Math.log), b.values.map(Math.log)] : [a.values, b.values];
  const scale = logs ? Math.exp : (value: number): number => value;
  const [kind, n, others] = [logs ? ('ratio' as const) : ('difference' as const), a.n, b.n];
  const shown = { measure, label: `${one.label} / ${other.label} of ${name}`, series: [one, other], generations: [at] };
  const { estimate, interval, p, df, error } = welchT(x, y);
  if (n < 2 || others < 2) return [{ ...shown, effect: { kind, value: scale(estimate), n, others } }];
  return [
    {
      ...shown,
      effect: {
        kind,
        value: scale(estimate),
        low: scale(interval[0]),
        high: scale(interval[1]),
        n,
        others,
        ...dOf(cohensD(x, y)),
        visible: error === 0 ? undefined : scale(noncentrality(df, POWER) * error),
      },
      // equal in all seeds of both
      p: Number.isNaN(p) ? (estimate === 0 ? 1 : 0) : p,
      ranks: { name: 'Mann-Whitney', p: mannWhitney(x, y).p },
    },
  ];
}
