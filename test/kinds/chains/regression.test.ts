/** Least squares under every mixture: the design stays, and the error grows as an independent simulation found. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { CounterRng } from '../../../common/philox.js';
import { Draws } from '../../../kinds/chains/host/draws.js';
import { solveCholesky, solveLeastNorm, cholesky } from '../../../kinds/chains/host/linear.js';
import { trainingSet, type ChainState } from '../../../kinds/chains/host/mixtures.js';
import { regression } from '../../../kinds/chains/host/regression.js';
import type { ChainFamily } from '../../../kinds/chains/host/types.js';
import { summarize } from '../../../statistics/summary.js';
import type { MixtureRule } from '../../../spec/mixture.js';
import { simulate } from './support.js';

/** By test/golden/make_regression.py (numpy). */
interface Reference {
  readonly kind: MixtureRule['kind'];
  readonly size: number;
  readonly growth: number;
  readonly dimensions: number;
  readonly mean: readonly number[];
  readonly standardError: readonly number[];
}
const references = JSON.parse(readFileSync(new URL('../../golden/regression.json', import.meta.url), 'utf8')) as (Reference &
  MixtureRule)[];

const SEEDS = 3000;
/** Of 33 comparisons of equal expectations, one is farther off than this many standard errors once in 700 times. */
const FAR = 4.1;

describe('test error of least squares', () => {
  test.each(
    references.map((reference): [string, Reference & MixtureRule] => [
      JSON.stringify({ ...reference, mean: undefined, standardError: undefined }),
      reference,
    ]),
  )('as numpy found it: %s', (_, { size, growth, dimensions, mean, standardError, ...mixture }) => {
    const values = simulate({ family: 'regression', dimensions, noise: 1 }, { size, growth }, mixture, SEEDS, 10);
    for (const t of [1, 4, 10]) {
      const { mean: ours, sd } = summarize(values[t][0]);
      const z = (ours - mean[t]) / Math.hypot(sd! / Math.sqrt(SEEDS), standardError[t]);
      expect({ t, ours, numpy: mean[t], far: Math.abs(z) > FAR }).toMatchObject({ far: false });
    }
  });
});

describe('the design', () => {
  const rows = 7;
  const mixtures: MixtureRule[] = [
    { kind: 'replace' },
    { kind: 'keep-share', share: 0.4 },
    { kind: 'fresh', share: 0.4 },
    { kind: 'weights', alpha: 0.4, beta: 0.3, gamma: 0.3 },
    { kind: 'weights', alpha: 0, beta: 0, gamma: 1 },
  ];

  test.each(mixtures.flatMap((mixture) => [0, 0.8].map((growth) => [mixture.kind, growth, mixture] as const)))(
    '%s, growth %d: every generation has each row as often as replacing everything would',
    (_kind, growth, mixture) => {
      const family = regression as unknown as ChainFamily;
      const rng = new CounterRng({ seed: 5, generation: 0, member: 'm', step: 'simulate' });
      const plan = { family: 'regression', dimensions: 3, noise: 1 } as const;
      const world = family.world({ plan, size: rows, records: mixture.kind === 'keep-share', draws: new Draws(rng, 0, 'world') });
      let state: ChainState | undefined;
      for (let t = 0; t <= 4; t++) {
        const { data, carry } = trainingSet({ family, world, mixture, later: [], sample: { size: rows, growth }, rng }, t, state);
        state = { generation: t, model: family.fit(world, data, new Draws(rng, t, 'fit')), ...carry };
        const { n, gram } = data as { n: number; gram: Float64Array };
        const whole = family.real(world, n, new Draws(rng, t, 'real')) as { gram: Float64Array };
        gram.forEach((g, i) => expect(g).toBeCloseTo(whole.gram[i], 10));
      }
    },
  );
});

describe('the shortest solution', () => {
  test('is the solution where there is one only', () => {
    const a = Float64Array.of(4, 1, 0.5, 1, 3, 0.25, 0.5, 0.25, 2);
    const b = Float64Array.of(1, -2, 3);
    const x = solveLeastNorm(a, b, 3);
    solveCholesky(cholesky(a, 3), b, 3).forEach((v, i) => expect(x[i]).toBeCloseTo(v, 12));
  });

  test("of an undetermined fit is numpy's pinv(X) @ y", () => {
    // X = [[1, 2, 2], [0, 1, -1]], y = [9, 2]
    const gram = Float64Array.of(1, 2, 2, 2, 5, 3, 2, 3, 5);
    const moment = Float64Array.of(9, 20, 16);
    solveLeastNorm(gram, moment, 3).forEach((v, i) => expect(v).toBeCloseTo([1, 3, 1][i], 12));
  });
});
