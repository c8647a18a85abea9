import { describe, expect, test } from '@jest/globals';
import { familyNamed } from '../../../kinds/chains/host/index.js';
import { ChainGroup, type GroupState } from '../../../kinds/chains/host/tied.js';
import { decode, encode } from '../../../kinds/chains/host/codec.js';
import type { ChainFamily } from '../../../kinds/chains/host/types.js';
import { checkLaw } from '../../../kinds/chains/laws/check.js';
import { lawsTogether, type Subject } from '../../../kinds/chains/laws/index.js';
import { expectedMoments } from '../../../kinds/chains/laws/moments.js';
import { expectedTogether } from '../../../kinds/chains/laws/tied.js';
import { ruleOf, termsOf, type MixturePlan, type MixtureRule, type Term } from '../../../spec/mixture.js';
import type { ChainPart, WorldPlan } from '../../../kinds/chains/plan.js';
import { CONFIDENCE, byLaw, type Simulated } from './support.js';

const term = (from: Term['from'], take: Term['take'] = 'all', generation: Term['generation'] = 'previous', draw: Term['draw'] = 'redrawn'): Term => ({ from, generation, take, draw }); // prettier-ignore
const real = (take: Term['take'], draw: Term['draw'] = 'redrawn') => term('real', take, 0, draw);
const terms = (...list: Term[]): MixturePlan => ({ kind: 'terms', terms: list });
const NORMAL: WorldPlan = { family: 'gaussian', dimensions: 1, mean: 3, sigma: 2, estimator: 'biased' };
const member = (name: string, size: number, mixture: MixturePlan, world: WorldPlan = NORMAL): Subject => ({ name, world, sample: { size, growth: 0 }, mixture }); // prettier-ignore
const partsOf = (members: readonly Subject[]): ChainPart[] =>
  members.map(({ name, world, sample, mixture }) => ({ member: { name, world, sample }, mixture }));

function together(members: readonly Subject[], seed: number, state?: GroupState, from = 0): ChainGroup {
  const family = familyNamed(members[0].world.family);
  return new ChainGroup({ family, parts: partsOf(members), from, seed }, state);
}

/** Of each member [generation][measure][seed]. */
function simulate(members: readonly Subject[], seeds: number, generations: number): { values: Simulated[]; family: ChainFamily } {
  const family = familyNamed(members[0].world.family);
  const values = members.map(() => Array.from({ length: generations + 1 }, () => family.measures.map((): number[] => [])));
  for (let seed = 1; seed <= seeds; seed++) {
    const group = together(members, seed);
    for (let t = 0; t <= generations; t++) {
      group.step();
      group.chains.forEach((chain, i) => chain.measure().forEach((value, m) => values[i][t][m].push(value)));
    }
  }
  return { values, family };
}

const half = { share: 0.5 };
const GROUPS: [string, Subject[]][] = [
  ['two that swap', [member('a', 10, terms(term('b'))), member('b', 14, terms(term('a')))]],
  ['two that share what both wrote', [
    member('a', 10, terms(term('self', half), term('b', half))),
    member('b', 10, terms(term('self', half), term('a', half))),
  ]],
  ['a ring of three with real parts', [
    member('a', 12, terms(term('self', half), term('b', { share: 0.25 }), real({ share: 0.25 }))),
    member('b', 12, terms(term('c', half), real(half, 'fresh')), { ...NORMAL, estimator: 'unbiased' }),
    member('c', 20, terms(term(['a', 'b'], { count: 9 }), term('self', { count: 4 }))),
  ]],
  ['the newest, the one before it and all', [
    member('a', 12, terms(term('b', 'all', 'all'))),
    member('b', 12, terms(term('a', half, 'current'), term('a', half, -2, 'fresh'))),
    member('c', 12, terms(term(['real', 'a', 'b'], { share: 1 }, 'all'))),
  ]],
  ['real records in place of another’s', [
    member('a', 12, terms(real({ share: 0.25 }, 'in-place'), term('b'))),
    member('b', 12, terms(term('a'), real('all'))),
  ]],
]; // prettier-ignore

describe('members that learn from each other', () => {
  test.each(GROUPS)('%s: 1500 seeds lie inside the intervals of their laws', (_, members) => {
    const { values, family } = simulate(members, 1500, 12);
    members.forEach(({ name }, i) => {
      const laws = lawsTogether(name, members);
      expect(laws.map((law) => law.name)).toEqual(['variance', 'squared-error']);
      for (const law of laws)
        expect({ name, law: law.name, ...checkLaw(law, byLaw(values[i], law, family), CONFIDENCE) }).toMatchObject({
          verdict: 'pass',
        });
    });
  });

  test('laws that take what two read for records of their own are told apart', () => {
    // a and b train on one set of c's: their means are the same, and what c learns of both is as if of one
    const members = [
      member('a', 8, terms(term('c'))),
      member('b', 8, terms(term('c'))),
      member('c', 8, terms(term('a', half), term('b', half))),
    ];
    const { values, family } = simulate(members, 1500, 8);
    const [, law] = lawsTogether('c', members);
    expect(checkLaw(law, byLaw(values[2], law, family), CONFIDENCE).verdict).toBe('pass');
    const apart = members.map((one) => (one.name === 'b' ? { ...one, mixture: terms(term('self')) } : one));
    const [, other] = lawsTogether('c', apart);
    expect(checkLaw(other, byLaw(values[2], other, family), CONFIDENCE).verdict).toBe('fail');
  });

  test('all laws of one alone are those that are known by name', () => {
    const rules: MixtureRule[] = [
      { kind: 'replace' },
      { kind: 'keep-share', share: 0.3 },
      { kind: 'accumulate' },
      { kind: 'accumulate-subsample' },
      { kind: 'fresh', share: 0.3 },
      { kind: 'fixed-real' },
    ];
    const world = { variance: 4, factor: (n: number) => n / (n - 1), inflation: (n: number) => 1 / n };
    for (const sample of [
      { size: 20, growth: 0 },
      { size: 7, growth: 0.5 },
    ])
      // prettier-ignore
      for (const rule of rules) {
        const mixture = terms(...termsOf(rule));
        expect(ruleOf(mixture)).toEqual(rule);
        const found = expectedTogether([{ name: 'm', world, sample, mixture }], 12)!.get('m')!;
        expectedMoments(world, sample, rule, 12).forEach(({ variance, squaredError }, t) => {
          expect([rule.kind, t, found[t].variance]).toEqual([rule.kind, t, expect.closeTo(variance, 10)]);
          expect([rule.kind, t, found[t].squaredError]).toEqual([rule.kind, t, expect.closeTo(squaredError, 10)]);
        });
      }
  });

  test('two that swap, by hand', () => {
    // a reads the 14 that b wrote and b the 10 of a: E[v] and E[error] go back and forth
    const found = expectedTogether(
      [
        { name: 'a', world: { variance: 1, factor: () => 1, inflation: () => 0 }, sample: { size: 10, growth: 0 }, mixture: terms(term('b')) },
        { name: 'b', world: { variance: 1, factor: () => 1, inflation: () => 0 }, sample: { size: 14, growth: 0 }, mixture: terms(term('a')) },
      ],
      2,
    )!; // prettier-ignore
    expect(found.get('a')!.map(({ variance }) => variance)).toEqual([0.9, 13 / 14 * (13 / 14), 0.9 * 0.9 * (13 / 14)].map((x) => expect.closeTo(x, 12))); // prettier-ignore
    expect(found.get('b')!.map(({ squaredError }) => squaredError)).toEqual([1 / 14, 1 / 10 + 0.9 / 10, 1 - 13 / 14 * (13 / 14) * 0.9].map((x) => expect.closeTo(x, 12))); // prettier-ignore
  });

  const coins: WorldPlan = { family: 'discrete', states: 6, zipf: 1 };
  test('a set is one for all who read it, of the current generation and of the one before', () => {
    const group = together(
      [
        member('b', 30, terms(term('a', 'all', 'current')), coins),
        member('a', 20, terms(term('c')), coins),
        member('c', 20, terms(term('c')), coins),
        member('d', 5, terms(term('c')), coins),
      ],
      7,
    );
    let written: unknown;
    for (let t = 0; t < 6; t++) {
      group.step();
      const [b, a, c, d] = group.chains.map(({ state }) => state!.model);
      // a and d train on c's one set; a writes anew in every generation
      if (t > 0) expect([encode(a), encode(d)]).toEqual([encode(c), encode(c)]);
      expect(encode(b)).not.toBe(written);
      written = encode(b);
    }
    expect(group.chains.map(({ trained }) => trained)).toEqual([20, 20, 20, 20]);
  });

  test('counts by hand: shares and counts of each, and as many written as a reader asks for', () => {
    const members = [
      member('a', 10, terms(term('self', { share: 0.3 }), term('b', { share: 0.7 })), coins),
      member('b', 4, terms(term('a', { count: 15 })), coins),
      member('c', 6, terms(term('a'), term('b', 'all', 'all')), coins),
      member('d', 6, terms(term(['a', 'b']), real('all')), coins),
    ];
    const group = together(members, 3);
    const trained = Array.from({ length: 4 }, () => {
      group.step();
      return group.chains.map((chain) => chain.trained);
    });
    // a writes 15, for b; b writes 7, for a
    expect(trained).toEqual([
      [10, 4, 6, 6],
      [10, 15, 15 + 7, 15 + 7 + 6],
      [10, 15, 15 + 14, 15 + 7 + 6],
      [10, 15, 15 + 21, 15 + 7 + 6],
    ]);
  });

  test.each<[string, WorldPlan]>([
    ['gaussian', { ...NORMAL, dimensions: 2 }],
    ['discrete', coins],
    ['kde', { family: 'kde', shape: 'moons', bandwidth: 'scott', test: 20 }],
    ['gmm', { family: 'gmm', truth: [{ weight: 1, mean: [0, 0], sigma: 1 }], components: 2, tolerance: 1e-3, maxIterations: 20, regularization: 1e-6 }],
  ])('%s: taken up after any generation, they go on as if never stopped', (_, world) => {
    for (const [, group] of GROUPS) {
      const members = group.map((one) => ({ ...one, world }));
      const straight = together(members, 5);
      let cut = together(members, 5);
      for (let t = 0; t < 5; t++) {
        straight.step();
        cut.step();
        expect(encode(cut.state)).toBe(encode(straight.state));
        cut = together(members, 5, decode(encode(cut.state)) as GroupState, t + 1);
      }
    }
  }); // prettier-ignore
});
