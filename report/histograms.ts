/** Histograms of several seeds put together, and what can be read off their bins. */
import type { Histogram } from '../spec/results.js';
import type { Place } from './scores.js';
import { groupBy } from './summary.js';

/** One generation of one condition: the counts of every seed, bin by bin. */
export interface PooledHistogram {
  readonly generation: number;
  readonly edges: readonly number[];
  readonly counts: readonly number[];
  /** observations outside the bins */
  readonly below: number;
  readonly above: number;
  /** all observations */
  readonly n: number;
  readonly seeds: number;
}

/** @param histograms of one name, condition and member; seeds whose bins are not those of the first are left out */
export function poolSeeds(histograms: readonly (Histogram & Place)[]): PooledHistogram[] {
  return [...groupBy(histograms, ({ generation }) => generation)]
    .sort(([a], [b]) => a - b)
    .map(([generation, all]) => {
      const { edges } = all[0];
      const same = all.filter((h) => h.edges.length === edges.length && h.edges.every((edge, i) => edge === edges[i]));
      const counts = edges.slice(1).map((_, bin) => same.reduce((sum, h) => sum + h.counts[bin], 0));
      const total = (of: (h: Histogram) => number) => same.reduce((sum, h) => sum + of(h), 0);
      const [below, above] = [total((h) => h.below ?? 0), total((h) => h.above ?? 0)];
      return {
        generation,
        edges,
        counts,
        below,
        above,
        n: counts.reduce((sum, c) => sum + c, below + above),
        seeds: same.length,
      };
    });
}

/** The value below which a share q of the observations lies, interpolated inside its bin (on logarithms where edges are positive). */
export function binnedQuantile({ edges, counts, below: outside, n }: PooledHistogram, q: number): number {
  let below = outside;
  if (below > 0 && q * n <= below) return edges[0];
  for (let bin = 0; bin < counts.length; bin++) {
    if (counts[bin] > 0 && below + counts[bin] >= q * n) {
      const part = (q * n - below) / counts[bin];
      const [low, high] = [edges[bin], edges[bin + 1]];
      return low > 0 ? low * (high / low) ** part : low + (high - low) * part;
    }
    below += counts[bin];
  }
  return edges[edges.length - 1];
}

/** Share of the observations above a value, interpolated in the same way. */
export function shareAbove({ edges, counts, above: outside, n }: PooledHistogram, value: number): number {
  let above = outside;
  counts.forEach((count, bin) => {
    const [low, high] = [edges[bin], edges[bin + 1]];
    if (value <= low) above += count;
    else if (value < high)
      above += count * (low > 0 ? Math.log(high / value) / Math.log(high / low) : (high - value) / (high - low));
  });
  return above / n;
}
