/** Golden-ratio weights: He et al.'s optimum as a law of the chain that they are for, and what a selection makes of them. */
import { describe, expect, test } from '@jest/globals';
import { CounterRng } from '../../common/philox.js';
import { goldenLossWeight, goldenWeight } from '../../pool/golden.js';
import { select } from '../../pool/select.js';
import type { Term } from '../../spec/mixture.js';

/** Error of the mean in the end, a weight w on the mean of n new real records and 1 - w on that of m written ones, iterated. */
function errorInTheEnd(w: number, n: number, m: number): number {
  let error = 1;
  for (let t = 0; t < 20_000; t++) error = w ** 2 / n + (1 - w) ** 2 * (error + 1 / m);
  return error;
}

test('as many of each: the golden ratio', () => {
  expect(goldenWeight(7, 7)).toBeCloseTo((Math.sqrt(5) - 1) / 2, 14);
  expect(goldenLossWeight(7, 7)).toBeCloseTo((1 + Math.sqrt(5)) / 2, 14);
  expect([goldenLossWeight(0, 5), goldenLossWeight(5, 0)]).toEqual([1, 1]);
});

describe.each([
  [100, 100],
  [20, 200],
  [500, 50],
  [33, 67],
])('%i real records and %i written ones', (n, m) => {
  test('no other weight errs less, and a record’s weight is the mean’s', () => {
    const w = goldenWeight(n, m);
    const least = errorInTheEnd(w, n, m);
    expect(least).toBeCloseTo(w / n, 12); // in closed form
    for (const other of [0.01, 0.2, 0.5, w - 0.01, w + 0.01, n / (n + m), 0.99, 1])
      expect(errorInTheEnd(other, n, m)).toBeGreaterThan(least);
    const r = goldenLossWeight(n, m);
    expect((r * n) / (r * n + m)).toBeCloseTo(w, 12);
  });
});

describe('in a selection', () => {
  const rngOf = (generation: number) => new CounterRng({ seed: 1, generation, member: 'opt', step: 'sample' });
  const weights = (terms: readonly Term[], sizes: Record<string, number>) =>
    select({ termsAt: () => terms, self: 'opt', generation: 1, n: () => 60, sizes: new Map(Object.entries(sizes)), rngOf });
  const counted = (runs: ReturnType<typeof weights>, weight: number | undefined) =>
    runs.reduce((sum, run) => sum + (run.weight === weight ? run.count : 0), 0);

  test.each<[string, readonly Term[], number, number]>([
    [
      'shares',
      [
        { from: 'real', generation: 0, take: { share: 0.25 }, draw: 'redrawn', lossWeight: 'golden' },
        { from: 'self', generation: 'previous', take: { share: 0.75 }, draw: 'redrawn' },
      ],
      15,
      45,
    ],
    [
      'whole sets',
      [
        { from: 'real', generation: 0, take: 'all', draw: 'redrawn', lossWeight: 'golden' },
        { from: 'self', generation: 'previous', take: 'all', draw: 'redrawn' },
      ],
      60,
      80,
    ],
    [
      'in place',
      [
        { from: 'real', generation: 0, take: { share: 0.1 }, draw: 'in-place', lossWeight: 'golden' },
        { from: 'self', generation: 'previous', take: 'all', draw: 'redrawn' },
      ],
      8,
      72,
    ],
  ])('%s: real records count by how many there are of each', (_, terms, real, written) => {
    const runs = weights(terms, { real: 60, 'opt/0': 80 });
    expect([counted(runs, goldenLossWeight(real, written)), counted(runs, undefined)]).toEqual([real, written]);
  });
});
