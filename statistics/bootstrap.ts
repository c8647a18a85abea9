/** The bootstrap over items: how much would a mean have moved had other texts been written? Efron, Annals of Statistics 7 (1979). */
import { CounterRng } from '../common/philox.js';
import { quantile } from './summary.js';

/**
 * Percentile intervals of the means of columns over the same n >= 1 items, by seeded resampling of items; NaN is left out of a mean.
 * A column without any number has none. scipy.stats.bootstrap(method='percentile')
 */
export function bootstrapMeans(
  columns: readonly ArrayLike<number>[],
  { confidence = 0.95, draws = 2000, seed = 0 }: { confidence?: number; draws?: number; seed?: number } = {},
): (readonly [number, number] | undefined)[] {
  const n = columns[0]?.length ?? 0;
  const rng = new CounterRng({ seed, generation: 0, member: '', step: 'bootstrap' });
  const means = columns.map(() => new Float64Array(draws));
  const indices = new Uint32Array(n);
  for (let draw = 0; draw < draws; draw++) {
    for (let i = 0; i < n; i++) indices[i] = rng.integer(n, i, draw);
    columns.forEach((column, c) => (means[c][draw] = meanOf(column, indices)));
  }
  return means.map((of) => {
    const sorted = of.filter((mean) => !Number.isNaN(mean)).sort();
    if (sorted.length === 0) return undefined;
    return [quantile(sorted, (1 - confidence) / 2), quantile(sorted, (1 + confidence) / 2)];
  });
}

function meanOf(column: ArrayLike<number>, indices: Uint32Array): number {
  let [sum, count] = [0, 0];
  for (const i of indices) {
    const value = column[i];
    if (Number.isNaN(value)) continue;
    sum += value;
    count++;
  }
  return sum / count;
}
