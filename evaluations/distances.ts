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

/** Hellinger distance, in [0, 1]: √(1 - Σ √(p q)), as √(½ Σ (√p - √q)²), which is exactly 0 of equal ones. */
export function hellinger(p: ArrayLike<number>, q: ArrayLike<number>): number {
  const other = shares(q);
  return Math.sqrt(shares(p).reduce((sum, share, i) => sum + (Math.sqrt(share) - Math.sqrt(other[i])) ** 2, 0) / 2);
}

/** Chi-square distance, ½ Σ (p - q)² / (p + q), in [0, 1]; bins that both lack do not count. */
export function chiSquareDistance(p: ArrayLike<number>, q: ArrayLike<number>): number {
  const other = shares(q);
  return shares(p).reduce((sum, a, i) => (a + other[i] === 0 ? sum : sum + (a - other[i]) ** 2 / (a + other[i])), 0) / 2;
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
  return areaBetween(steps(a, weights.a), steps(b, weights.b), Math.abs);
}

/**
 * Energy distance of two samples of numbers, each of at least one, in the root of the numbers' unit: √(2 E|X - Y| - E|X - X'| - E|Y - Y'|), which
 * is the root of twice the area between the distribution functions when their difference is squared (Cramér's distance).
 * Source: scipy's energy_distance; Székely (2002).
 */
export function energyOfNumbers(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Math.sqrt(2 * cramerDistance(a, b));
}

/** Cramér's distance of two samples of at least one number: ∫ (F - G)² dx, in the numbers' unit. */
export function cramerDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return areaBetween(steps(a), steps(b), (gap) => gap ** 2);
}

/** Area under a function of the difference of two distribution functions. */
function areaBetween(a: readonly Step[], b: readonly Step[], height: (gap: number) => number): number {
  const points = [...a.map(({ at, share }) => ({ at, rise: share })), ...b.map(({ at, share }) => ({ at, rise: -share }))].sort(
    (x, y) => x.at - y.at,
  );
  let [area, gap] = [0, 0];
  for (let i = 0; i + 1 < points.length; i++) {
    gap += points[i].rise;
    area += height(gap) * (points[i + 1].at - points[i].at);
  }
  return area;
}

/**
 * 2-Wasserstein distance of two samples, each of at least one number, in the numbers' unit: the root of the mean squared difference of the
 * quantile functions. Large differences weigh more than in wasserstein1. @param a, b ascending
 */
export function wasserstein2(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [n, m] = [a.length, b.length];
  // levels of the quantile functions in units of 1 / (n m), so that whole numbers decide which step ends first
  let [i, j, at, sum] = [0, 0, 0, 0];
  while (i < n && j < m) {
    const [endA, endB] = [(i + 1) * m, (j + 1) * n];
    const end = Math.min(endA, endB);
    sum += (end - at) * (a[i] - b[j]) ** 2;
    at = end;
    if (endA === end) i++;
    if (endB === end) j++;
  }
  return Math.sqrt(sum / (n * m));
}

interface Step {
  readonly at: number;
  readonly share: number;
}

function steps(values: ArrayLike<number>, weights?: ArrayLike<number>): Step[] {
  const share = shares(weights ?? new Float64Array(values.length).fill(1));
  return Array.from(values, (at, i) => ({ at, share: share[i] }));
}
