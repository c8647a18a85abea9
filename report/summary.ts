/** Scores grouped for reading: one measure per metric, variant, version and settings; one series per condition and member. */
import { addTo } from '../common/add-to.js';
import { canonicalJson } from '../common/canonical.js';
import { HabsburgError } from '../common/errors.js';
import { isTrainingVariant } from '../evaluations/training.js';
import type { ExperimentPlan } from '../spec/plan.js';
import { summarize } from '../statistics/summary.js';
import type { Results } from './rows.js';
import type { MeasureName, Scores } from './scores.js';

/** Mean of a sample, and the half-width of its two-sided 95 % t-interval where there are at least two values. */
export interface Estimate {
  readonly mean: number;
  /** absent for a single value: it says nothing about spread */
  readonly halfWidth?: number;
  readonly n: number;
}

/** @param values at least one */
export function estimate(values: ArrayLike<number>): Estimate {
  const { mean, interval, n } = summarize(values);
  return interval === undefined ? { mean, n } : { mean, halfWidth: (interval[1] - interval[0]) / 2, n };
}

/** What is comparable, with its name in these results. */
export interface Measure extends MeasureName {
  readonly key: string;
  /** short and unique among the measures of the results */
  readonly label: string;
}

/** One measure at one generation: every seed's value and their mean. */
export interface Point extends Estimate {
  readonly generation: number;
  /** ascending */
  readonly seeds: ArrayLike<number>;
  /** a number for each seed */
  readonly values: Float64Array;
}

/** A line in a plot, a block in a table. */
export interface Series {
  readonly condition: string;
  readonly member: string;
  /** the condition, and the member where there are several */
  readonly label: string;
  /** by measure key; in order of generations */
  readonly points: ReadonlyMap<string, readonly Point[]>;
  /** it has generation 0 alone, as its condition says: others are compared with it */
  readonly level?: true;
}

export interface Summary {
  readonly measures: readonly Measure[];
  readonly series: readonly Series[];
  /** generations with at least one score, ascending */
  readonly generations: readonly number[];
  readonly seeds: readonly number[];
}

/** @param metric keep only measures of this metric, or of `metric/variant`, or with this label */
export function summarise(
  { scores, plan }: Pick<Results, 'scores'> & { readonly plan?: Pick<ExperimentPlan, 'conditions'> },
  metric?: string,
): Summary {
  const all = measuresOf(scores);
  const measures = metric === undefined ? all : all.filter((m) => matches(m, metric));
  const kept = new Set(measures.map((measure) => measure.key));
  const groups = new Map<string, { condition: string; member: string; points: Map<string, Map<number, Piece[]>> }>();
  for (const part of scores) {
    const { condition, member } = part.place;
    for (const { measure, generation, piece } of piecesOf(part)) {
      const key = measureKey(measure);
      if (!kept.has(key)) continue;
      const { points } = entry(groups, `${condition}\n${member}`, () => ({ condition, member, points: new Map() }));
      const ofMeasure = entry(points, key, () => new Map<number, Piece[]>());
      entry(ofMeasure, generation, (): Piece[] => []).push(piece);
    }
  }
  const found = [...groups.values()];
  const members = new Set(found.map(({ member }) => member));
  const alone = new Set(plan?.conditions.filter(({ generations }) => generations === 0).map(({ name }) => name));
  const series = found.map(({ condition, member, points }): Series => {
    const label = members.size > 1 ? `${condition} · ${member}` : condition;
    return {
      condition,
      member,
      label,
      points: new Map([...points].map(([key, at]) => [key, pointsOf(at)])),
      ...(alone.has(condition) && { level: true }),
    };
  });
  const every = series.flatMap(({ points }) => [...points.values()].flat());
  const seeds = new Set<number>();
  let last: ArrayLike<number> | undefined;
  for (const point of every) {
    // points of one block share their seeds
    if (point.seeds !== last) for (let i = 0; i < point.seeds.length; i++) seeds.add(point.seeds[i]);
    last = point.seeds;
  }
  return {
    measures,
    series,
    generations: [...new Set(every.map(({ generation }) => generation))].sort((a, b) => a - b),
    seeds: [...seeds].sort((a, b) => a - b),
  };
}

/**
 * As `summarise`, of results that say something.
 * @throws HabsburgError 'notFound' where nothing is scored, or not this metric
 */
export function scored(results: Results, metric?: string): Summary {
  const summary = summarise(results, metric);
  if (summary.measures.length > 0) return summary;
  if (metric === undefined || results.scores.length === 0) throw new HabsburgError('notFound', `${results.experiment} has no scores yet`); // prettier-ignore
  throw unknownMetric(results, metric);
}

/** Refuses a metric that results have no measure of, with those that they have. @param where in words */
export function unknownMetric(results: Results, metric: string, where = `the results of ${results.experiment}`): HabsburgError {
  const known = summarise(results).measures.map(({ label }) => `"${label}"`);
  const hint = known.length === 0 ? 'nothing has been scored yet' : `it has ${known.join(', ')}`;
  return new HabsburgError('notFound', `no metric "${metric}" in ${where}: ${hint}`);
}

/** The summary in parts: members that have no measure in common, a language model and a Gaussian say, are read apart. */
export function unrelated(summary: Summary): Summary[] {
  const parts: { keys: Set<string>; series: Series[] }[] = [];
  for (const [, series] of groupBy(summary.series, ({ member }) => member)) {
    const keys = new Set(series.flatMap(({ points }) => [...points.keys()]));
    const same = parts.find((part) => [...keys].some((key) => part.keys.has(key)));
    if (same) {
      for (const key of keys) same.keys.add(key);
      same.series.push(...series);
    } else parts.push({ keys, series });
  }
  if (parts.length < 2) return [summary];
  return parts.map(({ keys, series }) => ({
    ...summary,
    measures: summary.measures.filter(({ key }) => keys.has(key)),
    series: summary.series.filter((one) => series.includes(one)),
    generations: summary.generations.filter((t) =>
      series.some(({ points }) => [...points.values()].some((of) => of.some(({ generation }) => generation === t))),
    ),
  }));
}

/** Some seeds' values of one measure at one generation. */
interface Piece {
  readonly seeds: ArrayLike<number>;
  readonly values: ArrayLike<number>;
}

/** What has no value is left out. */
function* piecesOf(part: Scores): Generator<{ measure: MeasureName; generation: number; piece: Piece }> {
  if (part.kind === 'values') {
    for (const value of part.values)
      yield { measure: value, generation: part.place.generation, piece: { seeds: [part.place.seed], values: [value.value] } };
    return;
  }
  const { seeds, generations, measures } = part;
  for (const [g, generation] of generations.entries()) {
    for (const [m, measure] of measures.entries()) {
      const values = part.values[m][g];
      if (!values.some(Number.isNaN)) {
        yield { measure, generation, piece: { seeds, values } };
        continue;
      }
      const defined = seeds.filter((_, s) => !Number.isNaN(values[s]));
      if (defined.length > 0)
        yield { measure, generation, piece: { seeds: defined, values: values.filter((value) => !Number.isNaN(value)) } };
    }
  }
}

/** Ascending generations, each with its seeds in order. */
function pointsOf(byGeneration: ReadonlyMap<number, readonly Piece[]>): Point[] {
  let shared: Float64Array = new Float64Array(0);
  return [...byGeneration]
    .sort(([a], [b]) => a - b)
    .map(([generation, pieces]) => {
      const total = pieces.reduce((sum, { seeds }) => sum + seeds.length, 0);
      let seeds = new Float64Array(total);
      let values = new Float64Array(total);
      let at = 0;
      for (const piece of pieces) {
        seeds.set(piece.seeds, at);
        values.set(piece.values, at);
        at += piece.seeds.length;
      }
      if (seeds.some((seed, i) => i > 0 && seed < seeds[i - 1])) {
        const order = Uint32Array.from(seeds.keys()).sort((a, b) => seeds[a] - seeds[b]);
        [seeds, values] = [Float64Array.from(order, (i) => seeds[i]), Float64Array.from(order, (i) => values[i])];
      }
      // mostly the same seeds at every generation
      if (shared.length === total && seeds.every((seed, i) => seed === shared[i])) seeds = shared as typeof seeds;
      shared = seeds;
      return { generation, seeds, values, ...estimate(values) };
    });
}

/** Seeds that have any measure at a generation. */
export function seedsByGeneration({ points }: Series): Map<number, number> {
  const seeds = new Map<number, number>();
  for (const ofMeasure of points.values())
    for (const { generation, n } of ofMeasure) seeds.set(generation, Math.max(n, seeds.get(generation) ?? 0));
  return seeds;
}

/** The measures of scores, in order of first appearance, labelled by what tells them apart. */
function measuresOf(scores: readonly Scores[]): Measure[] {
  const found = new Map<string, Omit<Measure, 'label'>>();
  for (const part of scores) {
    for (const { measure } of piecesOf(part)) {
      const { metric, variant, version, settings } = measure;
      const key = measureKey(measure);
      if (!found.has(key)) found.set(key, { key, metric, variant, version, settings });
    }
  }
  const bare = [...found.values()];
  return bare.map((measure) => {
    const twins = bare.filter((other) => other.metric === measure.metric);
    const parts = [measure.metric];
    parts.push(
      ...distinctSegments(
        measure.variant,
        twins.map((other) => other.variant),
      ),
    );
    if (twins.length === 1 && isTrainingVariant(measure.variant)) parts.push('of-training');
    const sameVariant = twins.filter((other) => other.variant === measure.variant);
    if (new Set(sameVariant.map((m) => m.version)).size > 1) parts.push(`v${measure.version}`);
    for (const name of Object.keys(measure.settings).sort()) {
      if (new Set(sameVariant.map((m) => m.settings[name])).size > 1) parts.push(`${name}=${measure.settings[name]}`);
    }
    return { ...measure, label: parts.join(' ') };
  });
}

/** The '/'-separated segments of a variant after those that all variants of its metric begin with. */
function distinctSegments(variant: string, all: readonly string[]): string[] {
  const split = all.map((other) => other.split('/'));
  const own = variant.split('/');
  const shared = own.findIndex((segment, i) => split.some((other) => other[i] !== segment));
  const left = own.slice(shared < 0 ? own.length : shared).join('/');
  return left === '' ? [] : [left];
}

function matches(measure: Measure, wanted: string): boolean {
  return measure.metric === wanted || `${measure.metric}/${measure.variant}` === wanted || measure.label === wanted;
}

/** Many scores share their settings object; without this, it would be serialised again and again. */
const keys = new WeakMap<MeasureName['settings'], Map<string, Map<string, Map<number, string>>>>();

function entry<K, V>(map: { get(key: K): V | undefined; set(key: K, value: V): unknown }, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}

export function measureKey({ metric, variant, version, settings }: MeasureName): string {
  const byMetric = entry(keys, settings, () => new Map<string, Map<string, Map<number, string>>>());
  const byVersion = entry(
    entry(byMetric, metric, () => new Map<string, Map<number, string>>()),
    variant,
    () => new Map<number, string>(),
  );
  return entry(byVersion, version, () => canonicalJson([metric, variant, version, settings]));
}

export function groupBy<T, K>(items: Iterable<T>, key: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) addTo(groups, key(item), item);
  return groups;
}

/** At most `most` of a list, such as ascending generations: the first, the last, and between them evenly by rank. */
export function thinned<T>(all: readonly T[], most: number): readonly T[] {
  if (all.length <= most) return all;
  return Array.from({ length: most }, (_, i) => all[Math.round((i * (all.length - 1)) / (most - 1))]);
}
