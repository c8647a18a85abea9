/** Rows grouped for reading: one measure per metric, variant, version and settings; one series per condition and member. */
import { canonicalJson } from '../common/canonical.js';
import { summarize } from '../evaluations/statistics.js';
import type { ScoreRow } from '../evaluations/types.js';
import type { Results } from './rows.js';

/** Mean of a sample, and the half-width of its two-sided 95 % t-interval where there are at least two values. */
export interface Estimate {
  readonly mean: number;
  /** absent for a single value: it says nothing about spread */
  readonly halfWidth?: number;
  readonly n: number;
}

/** @param values at least one */
export function estimate(values: readonly number[]): Estimate {
  const { mean, interval, n } = summarize(values);
  return interval === undefined ? { mean, n } : { mean, halfWidth: (interval[1] - interval[0]) / 2, n };
}

/** What is comparable: the same metric in the same variant, version and settings. */
export interface Measure {
  readonly key: string;
  readonly metric: string;
  readonly variant: string;
  readonly version: number;
  readonly settings: ScoreRow['settings'];
  /** short and unique among the measures of the results */
  readonly label: string;
}

/** One measure at one generation: every seed's value and their mean. */
export interface Point extends Estimate {
  readonly generation: number;
  readonly seeds: readonly { readonly seed: number; readonly value: number }[];
}

/** A line in a plot, a block in a table. */
export interface Series {
  readonly condition: string;
  readonly member: string;
  /** the condition, and the member where there are several */
  readonly label: string;
  /** by measure key; in order of generations */
  readonly points: ReadonlyMap<string, readonly Point[]>;
}

export interface Summary {
  readonly measures: readonly Measure[];
  readonly series: readonly Series[];
  /** generations with at least one score, ascending */
  readonly generations: readonly number[];
  readonly seeds: readonly number[];
}

/** @param metric keep only measures of this metric, or of `metric/variant`, or with this label */
export function summarise(results: Pick<Results, 'rows'>, metric?: string): Summary {
  const all = measuresOf(results.rows);
  const measures = metric === undefined ? all : all.filter((m) => matches(m, metric));
  const keys = new Set(measures.map((measure) => measure.key));
  const rows = results.rows.filter((row) => keys.has(measureKey(row)));
  const members = new Set(rows.map((row) => row.member));

  const groups = groupBy(rows, (row) => `${row.condition}\n${row.member}`);
  const series = [...groups.values()].map((group): Series => {
    const [{ condition, member }] = group;
    const points = new Map<string, Point[]>();
    for (const [key, ofMeasure] of groupBy(group, measureKey)) {
      const byGeneration = [...groupBy(ofMeasure, (row) => row.generation)].sort(([a], [b]) => a - b);
      points.set(
        key,
        byGeneration.map(([generation, atGeneration]) => {
          const seeds = atGeneration.map(({ seed, value }) => ({ seed, value })).sort((a, b) => a.seed - b.seed);
          return { generation, seeds, ...estimate(seeds.map(({ value }) => value)) };
        }),
      );
    }
    return { condition, member, label: members.size > 1 ? `${condition} · ${member}` : condition, points };
  });
  return {
    measures,
    series,
    generations: [...new Set(rows.map((row) => row.generation))].sort((a, b) => a - b),
    seeds: [...new Set(rows.map((row) => row.seed))].sort((a, b) => a - b),
  };
}

/** Seeds that have any measure at a generation. */
export function seedsByGeneration({ points }: Series): Map<number, number> {
  const seeds = new Map<number, number>();
  for (const ofMeasure of points.values())
    for (const { generation, n } of ofMeasure) seeds.set(generation, Math.max(n, seeds.get(generation) ?? 0));
  return seeds;
}

/** The measures of rows, in order of first appearance, labelled by what tells them apart. */
function measuresOf(rows: readonly ScoreRow[]): Measure[] {
  const bare = [...groupBy(rows, measureKey)].map(([key, [{ metric, variant, version, settings }]]) => ({
    key,
    metric,
    variant,
    version,
    settings,
  }));
  return bare.map((measure) => {
    const twins = bare.filter((other) => other.metric === measure.metric);
    const parts = [measure.metric];
    parts.push(
      ...distinctSegments(
        measure.variant,
        twins.map((other) => other.variant),
      ),
    );
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

/** Rows of many seeds share their settings object; without this, a million rows would be serialised again and again. */
const keys = new WeakMap<ScoreRow['settings'], Map<string, Map<string, Map<number, string>>>>();

function entry<K, V>(map: { get(key: K): V | undefined; set(key: K, value: V): unknown }, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}

export function measureKey({
  metric,
  variant,
  version,
  settings,
}: Pick<ScoreRow, 'metric' | 'variant' | 'version' | 'settings'>): string {
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
  for (const item of items) {
    const k = key(item);
    const group = groups.get(k);
    if (group) group.push(item);
    else groups.set(k, [item]);
  }
  return groups;
}

/** At most `most` of ascending generations: the first, the last, and between them evenly by rank. */
export function thinned(generations: readonly number[], most: number): readonly number[] {
  if (generations.length <= most) return generations;
  return Array.from({ length: most }, (_, i) => generations[Math.round((i * (generations.length - 1)) / (most - 1))]);
}
