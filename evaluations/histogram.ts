/** Histograms over fixed bins, so that the histograms of all generations lie over each other. */

export interface Histogram {
  /** counts.length + 1 edges, ascending; bin i is [edges[i], edges[i+1]) */
  readonly edges: readonly number[];
  readonly counts: readonly number[];
  readonly below: number;
  readonly above: number;
  readonly n: number;
}

/** Log-spaced bins: `perDecade` bins for each power of ten from 10^from to 10^to. */
export interface LogBins {
  readonly from: number;
  readonly to: number;
  readonly perDecade: number;
}

/** Edges 10^(from + i / perDecade), i = 0 … (to - from) * perDecade. */
export function logEdges(bins: LogBins): number[] {
  const count = Math.round((bins.to - bins.from) * bins.perDecade);
  return Array.from({ length: count + 1 }, (_, i) => 10 ** (bins.from + i / bins.perDecade));
}

/** `bins` bins of one width from `from` to `to`, which the last one ends at whatever is rounded. */
export function linearEdges(from: number, to: number, bins: number): number[] {
  return Array.from({ length: bins + 1 }, (_, i) => (i === bins ? to : from + ((to - from) * i) / bins));
}

/** Counts positive values into bins; values outside are counted in `below` and `above`. */
export function histogram(values: readonly number[], bins: LogBins): Histogram {
  return countInto(logEdges(bins), values);
}

/**
 * Counts values into the bins between ascending edges; values outside are counted in `below` and `above`.
 * @param options.closed the last bin holds its right edge, too, as numpy's histogram has it
 */
export function countInto(
  edges: readonly number[],
  values: ArrayLike<number>,
  options: { readonly closed?: boolean } = {},
): Histogram {
  const last = edges[edges.length - 1];
  const counts = new Array<number>(edges.length - 1).fill(0);
  let below = 0;
  let above = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value < edges[0]) below++;
    else if (options.closed && value === last) counts[counts.length - 1]++;
    else if (value >= last) above++;
    else counts[binOf(edges, value)]++;
  }
  return { edges, counts, below, above, n: values.length };
}

/** The bin by comparing with the edges themselves, so that a logarithm's rounding cannot move a value. */
function binOf(edges: readonly number[], value: number): number {
  let low = 0;
  let high = edges.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (value < edges[middle]) high = middle;
    else low = middle;
  }
  return low;
}
