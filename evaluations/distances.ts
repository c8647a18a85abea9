/** Distances between distributions: of two histograms over the same bins, and of two samples of numbers. */

function shares(weights: ArrayLike<number>): Float64Array {
  const all = Float64Array.from(weights);
  const sum = all.reduce((a, b) => a + b, 0);
  return all.map((w) => w / sum);
}

/** Kullback-Leibler divergence of p from q in nats, of weights that need not sum to 1; Infinity where q lacks what p has. */
export function klDivergence(p: ArrayLike<number>, q: ArrayLike<number>): number {
  const [from, to] = [shares(p), shares(q)];
  return from.reduce((sum, share, i) => (share === 0 ? sum : sum + share * Math.log(share / to[i])), 0);
}

/** Jensen-Shannon divergence in nats, in [0, ln 2]; scipy's jensenshannon is its square root. */
export function jsDivergence(p: ArrayLike<number>, q: ArrayLike<number>): number {
  const [one, other] = [shares(p), shares(q)];
  const middle = one.map((share, i) => (share + other[i]) / 2);
  return Math.max(0, (klDivergence(one, middle) + klDivergence(other, middle)) / 2);
}

/** Half the sum of absolute differences, in [0, 1]. */
export function totalVariation(p: ArrayLike<number>, q: ArrayLike<number>): number {
  const other = shares(q);
  return shares(p).reduce((sum, share, i) => sum + Math.abs(share - other[i]), 0) / 2;
}

/** What two histograms have in common: the sum of the smaller shares, in [0, 1]. */
export function overlap(p: ArrayLike<number>, q: ArrayLike<number>): number {
  return 1 - totalVariation(p, q);
}

/** The largest difference of the distribution functions of two samples, in [0, 1]. @param a, b ascending, at least one number each */
export function ksStatistic(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [i, j, largest] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    const at = Math.min(a[i], b[j]);
    while (i < a.length && a[i] === at) i++;
    while (j < b.length && b[j] === at) j++;
    largest = Math.max(largest, Math.abs(i / a.length - j / b.length));
  }
  return largest;
}

/**
 * 1-D Wasserstein distance of two samples, each of at least one number, in the numbers' unit: the area between their distribution
 * functions. Source: scipy's wasserstein_distance. @param weights of the numbers of `a` and of `b`; none: equal
 */
export function wasserstein1(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  weights: { readonly a?: ArrayLike<number>; readonly b?: ArrayLike<number> } = {},
): number {
  const points = [
    ...steps(a, weights.a).map(({ at, share }) => ({ at, rise: share })),
    ...steps(b, weights.b).map(({ at, share }) => ({ at, rise: -share })),
  ].sort((x, y) => x.at - y.at);
  let [area, gap] = [0, 0];
  for (let i = 0; i + 1 < points.length; i++) {
    gap += points[i].rise;
    area += Math.abs(gap) * (points[i + 1].at - points[i].at);
  }
  return area;
}

function steps(values: ArrayLike<number>, weights?: ArrayLike<number>): { at: number; share: number }[] {
  const share = shares(weights ?? new Float64Array(values.length).fill(1));
  return Array.from(values, (at, i) => ({ at, share: share[i] }));
}
