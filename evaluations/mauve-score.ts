/** MAUVE of two sets of vectors: both put into the clusters of a common k-means, and their histograms compared. */
import { areaBelow, divergenceCurve, frontierIntegral, roundHalfEven } from './divergence-frontier.js';
import { kMeans } from './k-means.js';
import { principalComponents } from './principal-components.js';
import { normalised, stacked, type Vectors } from './vectors.js';

/** As mauve-text has them. */
const EXPLAINED = 0.9;
const STARTS = 5;
const STEPS = 500;

export interface Mauve {
  /** in [0, 1]; 1: nothing tells them apart */
  readonly mauve: number;
  readonly frontierIntegral: number;
  /** both with half a vector more in every bin */
  readonly star: { readonly mauve: number; readonly frontierIntegral: number };
  readonly buckets: number;
  readonly components: number;
  readonly histograms: readonly [p: Float64Array, q: Float64Array];
}

/** A tenth of the smaller set, at least two. */
export const bucketsFor = (p: number, q: number): number => Math.max(2, roundHalfEven(Math.min(p, q) / 10));

/** What follows from two histograms of counts. */
export function mauveOf(p: ArrayLike<number>, q: ArrayLike<number>, scaling: number): Pick<Mauve, 'mauve' | 'frontierIntegral'> {
  return { mauve: areaBelow(divergenceCurve(p, q, scaling)), frontierIntegral: frontierIntegral(p, q) };
}

/**
 * @param p real text @param q what was written @param settings.buckets 0: `bucketsFor`
 * Undefined where a vector is zero, a set is empty or there are fewer vectors than buckets.
 */
export function mauveScore(
  p: Vectors,
  q: Vectors,
  settings: { readonly buckets: number; readonly seed: number; readonly scaling: number },
): Mauve | undefined {
  if (p.count === 0 || q.count === 0) return undefined;
  const buckets = settings.buckets || bucketsFor(p.count, q.count);
  const unit = normalised(stacked(q, p));
  if (unit === undefined || unit.count < buckets) return undefined;
  const { scores } = principalComponents(unit, EXPLAINED);
  const clusters = kMeans(scores, { clusters: buckets, seed: settings.seed, starts: STARTS, steps: STEPS });
  const counts = (from: number, to: number): Float64Array => {
    const bins = new Float64Array(buckets);
    for (const cluster of clusters.subarray(from, to)) bins[cluster]++;
    return bins;
  };
  const [ofQ, ofP] = [counts(0, q.count), counts(q.count, unit.count)];
  const more = (bins: Float64Array): Float64Array => bins.map((count) => count + 0.5);
  return {
    ...mauveOf(ofP, ofQ, settings.scaling),
    star: mauveOf(more(ofP), more(ofQ), settings.scaling),
    buckets,
    components: scores.dimensions,
    histograms: [ofP, ofQ],
  };
}
