/**
 * Eight definitions of model collapse on one run. Papers mean different things by the word (Schaeffer, Kazdan, Arulandu, Koyejo, "Position:
 * Model collapse does not mean what you think", arXiv 2503.03150); here each has an operational form, so that a chain may have collapsed by
 * one and not by another. A definition holds of a condition where the 95 % interval over seeds lies beyond its line, does not hold where it
 * lies before it, and else nothing can be told. Answers are not corrected for how many there are.
 */
import { wilson } from '../statistics/proportions.js';
import { line } from '../statistics/segments.js';
import { oneSampleT } from '../statistics/t-tests.js';
import { compare, isSigned, unchanged } from './change.js';
import { measureFor, type Role, type Used, type Watched } from './collapse-measures.js';
import type { ConditionNumbers } from './condition-numbers.js';
import { rowsOf } from './tests.js';
import { unrelated, type Point, type Series, type Summary } from './summary.js';
import type { ExperimentPlan } from '../spec/plan.js';

export type Definition = 'rising-risk' | 'diverging-risk' | 'risk-above' | 'vanishing-variance' | 'lost-scaling' | 'lost-tail' | 'unlike-real' | 'forgetting'; // prettier-ignore

export interface Answer {
  readonly definition: Definition;
  readonly verdict: 'yes' | 'no' | 'cannot tell' | 'not measured';
  /** `perplexity (real-test/exp-mean-token)` */
  readonly metric?: string;
  /** of what the number is: `generation 20 / 0` */
  readonly statistic?: string;
  readonly value?: number;
  /** 95 % interval over seeds */
  readonly low?: number;
  readonly high?: number;
  /** beyond which the definition holds, in the number's unit */
  readonly line?: number;
  /** seeds */
  readonly n?: number;
  /** why it cannot be told or is not measured */
  readonly why?: string;
}

/** The answers about one condition and member; `scaling` is about all conditions of a member together. */
export interface Profile {
  readonly label: string;
  readonly condition?: string;
  readonly member: string;
  readonly answers: readonly Answer[];
}

export interface CollapseOptions {
  /** a change smaller than this share counts as none; default 0.05 */
  readonly margin?: number;
  /** the risk that counts as collapse; default: twice that of the first generation */
  readonly threshold?: number;
  /** metrics to use in place of the usual ones */
  readonly used?: Used;
  /** amounts of data, by condition */
  readonly sizes?: ConditionNumbers;
}

const MARGIN = 0.05;
const FACTOR = 2;
/** Generations that both halves of a chain need. */
const HALF = 3;

export function collapseProfiles(whole: Summary, plan: ExperimentPlan | undefined, options: CollapseOptions = {}): Profile[] {
  return unrelated(whole).flatMap((summary) => {
    const of = (role: Role, series: Series) => measureFor(summary, plan, role, series, options.used);
    const each = summary.series
      .filter(({ level }) => !level)
      .map((series): Profile => {
        const [risk, variance, tail, distance] = (['risk', 'variance', 'tail', 'distance'] as const).map((role) => of(role, series)); // prettier-ignore
        return {
          label: series.label,
          condition: series.condition,
          member: series.member,
          answers: [
            asked('rising-risk', risk, (watched, points) => risen(summary, watched, points, options)),
            asked('diverging-risk', risk, (watched, points) => diverging(watched, points, options)),
            asked('risk-above', risk, (watched, points) => above(summary, watched, points, options)),
            asked('vanishing-variance', variance, (watched, points) => vanishing(watched, points, options)),
            asked('lost-tail', tail, (watched, points) => risen(summary, watched, points, options)),
            asked('unlike-real', distance, (watched, points) => risen(summary, watched, points, options)),
            asked('forgetting', risk, (watched, points) => forgotten(watched, points, options)),
          ],
        };
      });
    const members = [...new Set(each.map(({ member }) => member))];
    return [...each, ...members.map((member): Profile => ({ label: `all conditions of ${member}`, member, answers: [scaling(summary, plan, member, options)] }))]; // prettier-ignore
  });
}

type Found = Omit<Answer, 'definition' | 'metric'>;

function asked(
  definition: Definition,
  watched: (Watched & { readonly series: Series }) | string,
  judge: (watched: Watched, points: readonly Point[]) => Found,
): Answer {
  if (typeof watched === 'string') return { definition, verdict: 'not measured', why: watched };
  const { measure, series } = watched;
  const metric = `${measure.label} (${measure.variant})`;
  const points = series.points.get(measure.key) ?? [];
  if (points.length < 2) return { definition, metric, verdict: 'cannot tell', why: 'there are not yet two generations' };
  return { definition, metric, ...judge(watched, points) };
}

/** A number with its interval against a line, all larger as it gets worse. @param least below which it counts as unchanged */
function decide(low: number | undefined, high: number | undefined, line: number, least = line): Pick<Answer, 'verdict' | 'why'> {
  if (low === undefined || high === undefined || Number.isNaN(low)) return { verdict: 'cannot tell', why: 'one seed' };
  if (low > line) return { verdict: 'yes' };
  if (high < least) return { verdict: 'no' };
  return { verdict: 'cannot tell', why: 'the interval holds both' };
}

/** The last generation against the first. */
function risen(
  summary: Summary,
  { measure, worse }: Watched,
  points: readonly Point[],
  { margin = MARGIN }: CollapseOptions,
): Found {
  const [first, last] = [points[0], points[points.length - 1]];
  const found = compare(last, first, isSigned(summary, measure));
  if (found === undefined) return { verdict: 'cannot tell', why: 'no seed has both generations' };
  const { kind, value, low, high, n } = found;
  const line = unchanged(found);
  const step = kind === 'difference' ? margin * Math.abs(first.mean) : margin;
  const statistic = `generation ${last.generation} ${kind === 'difference' ? '-' : '/'} ${first.generation}`;
  const verdict = worse === 'up' ? decide(low, high, line, line + step) : mirrored(low, high, line, line - step);
  return { statistic, value, low, high, line, n, ...verdict };
}

/** The same of what gets worse as it falls. */
function mirrored(
  low: number | undefined,
  high: number | undefined,
  line: number,
  least: number,
): Pick<Answer, 'verdict' | 'why'> {
  return low === undefined || high === undefined ? decide(low, high, line) : decide(-high, -low, -line, -least);
}

/** The last generation's risk against a level, by default twice that of the first. */
function above(summary: Summary, { measure, worse }: Watched, points: readonly Point[], { threshold }: CollapseOptions): Found {
  const [first, last] = [points[0], points[points.length - 1]];
  if (threshold === undefined) {
    const found = compare(last, first, isSigned(summary, measure));
    if (found === undefined) return { verdict: 'cannot tell', why: 'no seed has both generations' };
    if (found.kind === 'difference' || worse === 'down') return { verdict: 'cannot tell', why: 'twice such a value says nothing: give --threshold' }; // prettier-ignore
    const { value, low, high, n } = found;
    return { statistic: `generation ${last.generation} / ${first.generation}`, value, low, high, line: FACTOR, n, ...decide(low, high, FACTOR) }; // prettier-ignore
  }
  const { estimate, interval } = oneSampleT(last.values);
  const [low, high] = last.n > 1 ? interval : [undefined, undefined];
  const verdict = worse === 'up' ? decide(low, high, threshold) : mirrored(low, high, threshold, threshold);
  return { statistic: `generation ${last.generation}`, value: estimate, low, high, line: threshold, n: last.n, ...verdict };
}

/**
 * Whether it goes on without bound, as far as a finite chain can tell: it still gets worse in the second half of the generations, a
 * generation no less than half as fast as in the first. What slows to less than half, or changes by less than the margin there, does not.
 * (Growth as a power of t passes from exponent .58 on; growth as log t, which has no bound either, is taken for bounded.)
 */
function diverging({ worse }: Watched, points: readonly Point[], { margin = MARGIN }: CollapseOptions): Found {
  const sign = worse === 'up' ? 1 : -1;
  return halves(points, (value) => sign * value, (row) => margin * Math.abs(row), (slope) => sign * slope); // prettier-ignore
}

/** Variance tends to 0: its logarithm has no bound below. Where more than half of all chains have no variance left at all, it has. */
function vanishing({ worse }: Watched, points: readonly Point[], { margin = MARGIN }: CollapseOptions): Found {
  const last = points[points.length - 1];
  const gone = last.values.filter((value) => value === 0).length;
  if (gone > 0) {
    const [low, high] = wilson(gone, last.n);
    if (low > 0.5) return { verdict: 'yes', statistic: `share of seeds at 0 at generation ${last.generation}`, value: gone / last.n, low, high, line: 0.5, n: last.n }; // prettier-ignore
  }
  if (worse === 'up' || points[0].values.some((value) => value < 0)) return { verdict: 'cannot tell', why: 'it is no variance: it may be negative, or rises' }; // prettier-ignore
  const until = points.findIndex(({ values }) => values.some((value) => value === 0));
  const kept = until < 0 ? points : points.slice(0, until);
  return halves(kept, (value) => -Math.log(value), () => Math.log1p(margin), (slope) => Math.exp(-slope)); // prettier-ignore
}

/** @param size of what counts as no change, from the mean at the middle @param shown a slope as it is told */
function halves(
  points: readonly Point[],
  scale: (value: number) => number,
  size: (middle: number) => number,
  shown: (slope: number) => number,
): Found {
  const generations = points.map(({ generation }) => generation);
  const [from, to] = [generations[0], generations[generations.length - 1]];
  const middle = (from + to) / 2;
  const at = generations.findIndex((t) => t >= middle);
  if (at < HALF - 1 || generations.length - at < HALF)
    return { verdict: 'cannot tell', why: `it takes ${HALF} generations in either half` };
  const rows = rowsOf(points).map((row) => row.map(scale));
  if (rows.length === 0) return { verdict: 'cannot tell', why: 'no seed has all generations' };
  const first = rows.map((row) => line(generations, row, 0, at + 1).slope);
  const second = rows.map((row) => line(generations, row, at).slope);
  const seen = oneSampleT(second);
  const ends = [shown(seen.interval[0]), shown(seen.interval[1])].sort((a, b) => a - b);
  const found = { statistic: `a generation, from ${generations[at]} to ${to}`, value: shown(seen.estimate), line: shown(0), n: rows.length }; // prettier-ignore
  if (rows.length < 2) return { ...found, verdict: 'cannot tell', why: 'one seed' };
  const kept = oneSampleT(second.map((slope, i) => slope - first[i] / 2)).interval;
  const level = rows.reduce((sum, row) => sum + row[at], 0) / rows.length;
  const most = seen.interval[1] * (to - generations[at]);
  const verdict: Pick<Answer, 'verdict' | 'why'> =
    seen.interval[0] > 0 && kept[0] > 0
      ? { verdict: 'yes' }
      : kept[1] < 0 || most < size(level)
        ? { verdict: 'no' }
        : { verdict: 'cannot tell', why: 'whether it slows cannot be seen' };
  return { ...found, low: ends[0], high: ends[1], ...verdict };
}

/**
 * Real data that had been learnt are worse known: the risk of the last generation against that of the best before it. Which one is best is
 * asked, for each seed, of the other seeds, so that no seed profits from its own luck.
 */
function forgotten({ worse }: Watched, points: readonly Point[], { margin = MARGIN }: CollapseOptions): Found {
  const rows = rowsOf(points);
  const last = points[points.length - 1];
  const sign = worse === 'up' ? 1 : -1;
  if (rows.length < 2) return { verdict: 'cannot tell', why: rows.length === 1 ? 'one seed' : 'no seed has all generations' };
  const width = points.length;
  const sums = Float64Array.from({ length: width }, (_, t) => rows.reduce((sum, row) => sum + row[t], 0));
  const best = rows.map((row) => {
    let at = 0;
    for (let t = 1; t < width - 1; t++) if (sign * (sums[t] - row[t]) < sign * (sums[at] - row[at])) at = t;
    return at;
  });
  const logs = rows.every((row) => row.every((value) => value > 0));
  const each = rows.map((row, s) => (logs ? Math.log(row[width - 1] / row[best[s]]) : row[width - 1] - row[best[s]]));
  const { estimate, interval } = oneSampleT(each);
  const [low, high] = interval;
  const step = logs ? Math.log1p(margin) : (margin * Math.abs(sums[0])) / rows.length;
  const verdict = worse === 'up' ? decide(low, high, 0, step) : mirrored(low, high, 0, -step);
  const back = logs ? Math.exp : (x: number): number => x;
  return {
    statistic: `generation ${last.generation} ${logs ? '/' : '-'} best before`,
    ...{ value: back(estimate), low: back(low), high: back(high), line: logs ? 1 : 0, n: rows.length },
    ...verdict,
  };
}

/** More data help less: the exponent of risk over the amount of data, at the last generation against half of that at the first. */
function scaling(summary: Summary, plan: ExperimentPlan | undefined, member: string, { sizes, used }: CollapseOptions): Answer {
  const definition = 'lost-scaling';
  if (sizes === undefined) return { definition, verdict: 'not measured', why: 'it takes conditions that differ in the amount of data: name it, --over sample.size' }; // prettier-ignore
  const own = summary.series.filter((one) => one.member === member && sizes.of.has(one.condition));
  const watched = own.length === 0 ? 'no such condition has values' : measureFor(summary, plan, 'risk', own[0], used);
  if (typeof watched === 'string') return { definition, verdict: 'not measured', why: watched };
  const { measure, worse } = watched;
  const metric = `${measure.label} (${measure.variant})`;
  const all = own.map((series) => series.points.get(measure.key) ?? []);
  const common = (all[0] ?? []).map(({ generation }) => generation).filter((t) => all.every((points) => points.some((p) => p.generation === t))); // prettier-ignore
  const [from, to] = [common[0], common[common.length - 1]];
  if (own.length < 3 || common.length < 2) return { definition, metric, verdict: 'cannot tell', why: 'it takes three conditions with two generations in common' }; // prettier-ignore
  const x = own.map(({ condition }) => Math.log(sizes.of.get(condition)!));
  const rows = rowsOf([from, to].flatMap((t) => all.map((points) => points.find((p) => p.generation === t)!)));
  if (worse === 'down' || x.some((one) => !Number.isFinite(one)) || rows.some((row) => row.some((value) => value <= 0)))
    return { definition, metric, verdict: 'cannot tell', why: 'a power law takes positive risks and amounts' };
  const exponents = (at: 0 | 1): number[] => rows.map((row) => line(x, row.slice(at * x.length, (at + 1) * x.length).map(Math.log)).slope); // prettier-ignore
  const [before, after] = [exponents(0), exponents(1)];
  const { estimate, interval } = oneSampleT(after);
  const found = { definition, metric, statistic: `exponent over ${sizes.name} at generation ${to} (${from}: ${oneSampleT(before).estimate.toPrecision(3)})`, value: estimate, n: rows.length } as const; // prettier-ignore
  if (rows.length < 2) return { ...found, verdict: 'cannot tell', why: 'one seed' };
  const shown = { ...found, low: interval[0], high: interval[1], line: oneSampleT(before).estimate / 2 };
  if (oneSampleT(before).interval[1] >= 0) return { ...shown, verdict: 'cannot tell', why: `more data do not help at generation ${from} either` }; // prettier-ignore
  const lost = oneSampleT(after.map((exponent, i) => exponent - before[i] / 2)).interval;
  return { ...shown, ...decide(lost[0], lost[1], 0) };
}
