/**
 * A small curated share (Amin et al., "Escaping collapse: the strength of weak data for large language model training", arXiv:2502.08924),
 * as two terms: a Gaussian learner that reads 95 % of itself forgets where it began and goes to what is curated, at the rate of the share.
 */
import { expect, test } from '@jest/globals';
import { CounterRng } from '../../common/philox.js';
import { rank } from '../../operators/rank.js';
import { select } from '../../pool/select.js';
import { normalQuantile } from '../../statistics/distributions.js';
import type { Term } from '../../spec/mixture.js';
import { noDraw } from '../support/draws.js';

const [n, share, best, generations, runs] = [200, 0.05, 0.2, 10, 200];
const terms: readonly Term[] = [
  { from: 'self', generation: 'previous', take: { share: 1 - share }, draw: 'redrawn' },
  { from: 'real', generation: 0, take: { share }, draw: 'redrawn' },
];
/** mean of the highest fifth of a standard normal: its density at the quantile over the share */
const z = normalQuantile(1 - best);
const CURATED = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI) / best;

/** The mean of the last training set; the learner writes N(mean of what it read, 1). */
function endsAt(seed: number, curated: boolean): number {
  const rng = new CounterRng({ seed, generation: 0, member: 'm', step: 'toy' });
  const real = Array.from({ length: n / best }, (_, i) => rng.normal(i));
  const texts = real.map((_, i) => ({ text: String(i), tokens: [] }));
  const settings = rank.settings.parse({ column: 'nll_sum', share: best });
  const verdicts = rank.apply(texts, settings, { 'likelihood/first': { columns: { nll_sum: real } } }, noDraw);
  const chosen = curated ? real.filter((_, i) => verdicts[i] === 'keep') : real.slice(0, n);
  expect(chosen).toHaveLength(n);
  let mean = 0;
  for (let t = 1; t <= generations; t++) {
    const written = Array.from({ length: n }, (_, i) => mean + rng.normal(i, t));
    const sets: Readonly<Record<string, readonly number[]>> = { real: chosen, [`m/${t - 1}`]: written };
    const sizes = new Map(Object.entries(sets).map(([name, set]) => [name, set.length]));
    const rngOf = (generation: number) => new CounterRng({ seed, generation, member: 'm', step: 'sample' });
    const read = select({ termsAt: () => terms, self: 'm', generation: t, n: () => n, sizes, rngOf });
    const values = read.flatMap(({ set, first, count }) => sets[set].slice(first, first + count));
    expect(values).toHaveLength(n);
    mean = values.reduce((sum, x) => sum + x, 0) / n;
  }
  return mean;
}

test.each([
  ['the best fifth', true, CURATED],
  ['any', false, 0],
])('of %s: the loop is where (1 - share)^t says, with a 95 %% interval', (_, curated, limit) => {
  const ends = Array.from({ length: runs }, (_, seed) => endsAt(seed + 1, curated));
  const mean = ends.reduce((sum, x) => sum + x, 0) / runs;
  const error = Math.sqrt(ends.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (runs - 1) / runs);
  expect(Math.abs(mean - limit * (1 - (1 - share) ** generations))).toBeLessThan(1.96 * error);
  // narrow enough to tell a generation or a hundredth of the share
  expect(error).toBeLessThan(0.04);
});
