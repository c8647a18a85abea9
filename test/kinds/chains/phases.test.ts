/** Chains whose mixture changes: what later generations read is kept from the first on, and nothing before the change is another. */
import { describe, expect, test } from '@jest/globals';
import { CounterRng } from '../../../common/philox.js';
import { Chain } from '../../../kinds/chains/host/chain.js';
import { familyNamed } from '../../../kinds/chains/host/index.js';
import { trainingSet, type ChainState } from '../../../kinds/chains/host/mixtures.js';
import { Draws } from '../../../kinds/chains/host/draws.js';
import { lastOfStep } from '../../../kinds/chains/blocks.js';
import type { MixturePlan } from '../../../spec/mixture.js';

const N = 30;
const family = familyNamed('gaussian');
const member = {
  name: 'normal',
  world: { family: 'gaussian', dimensions: 2, mean: 1, sigma: 2, estimator: 'biased' },
  sample: { size: N, growth: 0 },
} as const;
const REPLACE: MixturePlan = { kind: 'replace' };
const ACCUMULATE: MixturePlan = { kind: 'accumulate' };
const KEEP: MixturePlan = { kind: 'keep-share', share: 0.5 };

/** One generation after the other, each under its mixture; what is to come is known from the start. */
function chain(mixtures: readonly MixturePlan[], records = false) {
  const rng = new CounterRng({ seed: 7, generation: 0, member: 'normal', step: 'simulate' });
  const world = family.world({ plan: member.world, size: N, records, draws: new Draws(rng, 0, 'world') });
  let state: ChainState | undefined;
  return mixtures.map((mixture, t) => {
    const later = [...new Set(mixtures.slice(t + 1))].filter((one) => one !== mixture);
    const { data, carry } = trainingSet({ family, world, mixture, later, sample: member.sample, rng }, t, state);
    state = { generation: t, model: family.fit(world, data, new Draws(rng, t, 'fit')), ...carry };
    return { data: data as { n: number; mean: Float64Array }, world, values: family.measure(world, state.model, data) };
  });
}

describe('replacing, then everything so far', () => {
  const mixed = chain([REPLACE, REPLACE, REPLACE, ACCUMULATE, ACCUMULATE]);
  const plain = chain([REPLACE, REPLACE, REPLACE, REPLACE, REPLACE]);

  test('is to the bit as without until then', () => {
    expect(mixed.slice(0, 3).map(({ values }) => values)).toEqual(plain.slice(0, 3).map(({ values }) => values));
    expect(mixed[3].values).not.toEqual(plain[3].values);
  });

  test('then has every record of every generation, once', () => {
    expect(mixed.map(({ data }) => data.n)).toEqual([N, N, N, 4 * N, 5 * N]);
    // under `replace` a generation's training set is what the one before wrote: generation 3's pool is the four together
    const parts = plain.slice(0, 4).map(({ data }) => data.mean);
    const pooled = [0, 1].map((i) => parts.reduce((sum, mean) => sum + mean[i], 0) / 4);
    mixed[3].data.mean.forEach((value, i) => expect(value).toBeCloseTo(pooled[i], 12));
  });
});

test('replacing, then half of the first real records again', () => {
  const mixed = chain([REPLACE, REPLACE, KEEP], true);
  const plain = chain([REPLACE, REPLACE, REPLACE], true);
  expect(mixed.slice(0, 2).map(({ values }) => values)).toEqual(plain.slice(0, 2).map(({ values }) => values));
  const of = ({ data }: (typeof mixed)[number]) => new Set((data as unknown as { points: Float64Array }).points);
  const real = of(mixed[0]);
  expect([...of(mixed[2])].filter((x) => real.has(x))).toHaveLength((N / 2) * 2);
});

test('a chain goes on from where another mixture left it', () => {
  const first = new Chain({ family, member, mixture: REPLACE, later: [ACCUMULATE], seed: 7 });
  for (let t = 0; t < 3; t++) first.step();
  const second = new Chain({ family, member, mixture: ACCUMULATE, before: [REPLACE], seed: 7 }, first.state);
  second.step();
  expect([second.generation, second.trained]).toEqual([3, 4 * N]);
});

test('steps end where they always end, and where settings change', () => {
  expect(lastOfStep('gaussian', 0)).toBe(999);
  expect(lastOfStep('gaussian', 1000)).toBe(1999);
  expect(lastOfStep('gaussian', 0, [3, 1500])).toBe(2);
  expect(lastOfStep('gaussian', 3, [3, 1500])).toBe(999);
  expect(lastOfStep('gaussian', 1000, [3, 1500])).toBe(1499);
  expect(lastOfStep('n-gram', 25)).toBe(49);
});
