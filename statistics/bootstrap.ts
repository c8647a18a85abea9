/** The bootstrap over items: how much would a number move had other texts been written? Efron, Annals of Statistics 7 (1979). */
import { CounterRng } from '../common/philox.js';
import { quantile } from './summary.js';

/**
 * Percentile interval of a statistic over n items, by seeded resampling. scipy.stats.bootstrap(method='percentile')
 * @param statistic of a resample, given as n indices that may repeat
 */
export function bootstrapInterval(
  n: number,
  statistic: (indices: Uint32Array) => number,
  { confidence = 0.95, draws = 2000, seed = 0 }: { confidence?: number; draws?: number; seed?: number } = {},
): readonly [number, number] {
  const rng = new CounterRng({ seed, generation: 0, member: '', step: 'bootstrap' });
  const indices = new Uint32Array(n);
  const values = Float64Array.from({ length: draws }, (_, draw) => {
    for (let i = 0; i < n; i++) indices[i] = rng.integer(n, i, draw);
    return statistic(indices);
  }).sort();
  return [quantile(values, (1 - confidence) / 2), quantile(values, (1 + confidence) / 2)];
}
