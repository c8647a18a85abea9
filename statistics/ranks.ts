/** Ranks, and what ties among them cost. */

/** Ranks from 1, ties the mean of theirs, in the order of the values. scipy.stats.rankdata */
export function ranksOf(values: ArrayLike<number>): Float64Array {
  const order = Uint32Array.from({ length: values.length }, (_, i) => i).sort((a, b) => values[a] - values[b]);
  const ranks = new Float64Array(values.length);
  for (let from = 0; from < order.length;) {
    let to = from + 1;
    while (to < order.length && values[order[to]] === values[order[from]]) to++;
    for (let i = from; i < to; i++) ranks[order[i]] = (from + 1 + to) / 2;
    from = to;
  }
  return ranks;
}

/** How many there are of each value, in ascending order of values. */
export function tiesOf(values: ArrayLike<number>): number[] {
  const ascending = Float64Array.from(values).sort();
  const counts: number[] = [];
  ascending.forEach((value, i) => {
    if (i > 0 && value === ascending[i - 1]) counts[counts.length - 1]++;
    else counts.push(1);
  });
  return counts;
}

/** Σ t³ - t over ties. */
export const tieTerm = (counts: readonly number[]): number => counts.reduce((sum, t) => sum + t ** 3 - t, 0);
