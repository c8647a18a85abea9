/** The chain of honest sampling against its exact law, by enumeration of every set of tokens that could be drawn; and where none is known. */
import { describe, expect, test } from '@jest/globals';
import { honestChains, honestRule, type HonestMeasure, type HonestRule } from '../../../../kinds/text/laws/honest-sampling.js';

type Law = Map<string, number>;
const key = (counts: readonly number[]): string => counts.join(',');
const countsOf = (name: string): number[] => name.split(',').map(Number);
const add = (law: Law, name: string, p: number): void => void law.set(name, (law.get(name) ?? 0) + p);

function choose(n: number, k: number): number {
  let all = 1;
  for (let i = 0; i < k; i++) all = (all * (n - i)) / (i + 1);
  return all;
}

/** All of n draws from counts. */
function drawn(model: readonly number[], n: number): Law {
  const total = model.reduce((sum, f) => sum + f, 0);
  let law: Law = new Map([[key(model.map(() => 0)), 1]]);
  if (total === 0) return law;
  for (let i = 0; i < n; i++) {
    const next: Law = new Map();
    for (const [name, p] of law)
      for (const [type, f] of model.entries())
        if (f > 0) {
          const counts = countsOf(name);
          counts[type]++;
          add(next, key(counts), (p * f) / total);
        }
    law = next;
  }
  return law;
}

/** Each token stays with a chance of its own. */
function thinned(counts: readonly number[], share: number): Law {
  let law: Law = new Map([['', 1]]);
  for (const f of counts) {
    const next: Law = new Map();
    for (const [name, p] of law)
      for (let k = 0; k <= f; k++)
        add(next, name === '' ? `${k}` : `${name},${k}`, p * choose(f, k) * share ** k * (1 - share) ** (f - k));
    law = next;
  }
  return law;
}

const plus = (a: readonly number[], b: readonly number[]): number[] => a.map((f, i) => f + b[i]);

/** The law of the next training set, given all before (pool) and what was written. */
function trainedOn(rule: HonestRule, real: readonly number[], pool: readonly number[], wrote: readonly number[], t: number): Law {
  switch (rule.kind) {
    case 'replace':
      return new Map([[key(wrote), 1]]);
    case 'fixed-real':
      return new Map([[key(plus(real, wrote)), 1]]);
    case 'accumulate':
      return new Map([[key(pool), 1]]);
    case 'accumulate-subsample':
      return thinned(pool, 1 / (t + 2));
    case 'keep-share': {
      const law: Law = new Map();
      for (const [a, p] of thinned(wrote, 1 - rule.share))
        for (const [b, q] of thinned(real, rule.share)) add(law, key(plus(countsOf(a), countsOf(b))), p * q);
      return law;
    }
  }
}

/** The law of what is written in generation `last`. */
function exact(real: readonly number[], rule: HonestRule, written: readonly number[], last: number): Law {
  let states: Law = new Map([[`${key(real)}|${key(real)}`, 1]]);
  for (let t = 0; ; t++) {
    const next: Law = new Map();
    const result: Law = new Map();
    for (const [state, p] of states) {
      const [pool, model] = state.split('|').map(countsOf);
      for (const [wrote, q] of drawn(model, written[t])) {
        add(result, wrote, p * q);
        if (t === last) continue;
        const all = plus(pool, countsOf(wrote));
        for (const [then, r] of trainedOn(rule, real, all, countsOf(wrote), t)) add(next, `${key(all)}|${then}`, p * q * r);
      }
    }
    if (t === last) return result;
    states = next;
  }
}

const REAL = [1, 1, 2];
const WRITTEN = [4, 3, 4];
const ALIVE: HonestMeasure = { kind: 'alive', first: 0 };
const TAIL: HonestMeasure = { kind: 'tail', mass: 0.5 }; // the two that occur once
const CHAINS = 8000;
const seed = { frequencies: Float64Array.from(REAL), written: WRITTEN };
const rules: HonestRule[] = [
  { kind: 'replace' },
  { kind: 'keep-share', share: 0.3 },
  { kind: 'accumulate' },
  { kind: 'accumulate-subsample' },
  { kind: 'fixed-real' },
];

describe('honest sampling', () => {
  test.each(rules)('under $kind every outcome is as likely as enumeration says', (rule) => {
    const last = rule.kind === 'accumulate-subsample' || rule.kind === 'keep-share' ? 1 : 2;
    const law = exact(REAL, rule, WRITTEN, last);
    const [alive, tail] = honestChains([{ ...seed, written: WRITTEN.slice(0, last + 1) }], rule, [ALIVE, TAIL], CHAINS);
    const outcome = (share: number, rate: number): string =>
      `${Math.round(share * 3)} alive, ${Math.round(rate * WRITTEN[last])} rare`;
    const expected: Law = new Map();
    for (const [name, p] of law) {
      const counts = countsOf(name);
      const n = counts.reduce((sum, f) => sum + f, 0);
      // nothing was left to learn from: nothing is written
      add(expected, outcome(counts.filter((f) => f > 0).length / 3, n === 0 ? 0 : (counts[0] + counts[1]) / n), p);
    }
    expect([...expected.values()].reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12);
    const found: Law = new Map();
    for (let chain = 0; chain < CHAINS; chain++) add(found, outcome(alive[last][chain], tail[last][chain]), 1 / CHAINS);
    for (const name of found.keys()) expect(expected.has(name)).toBe(true);
    // five standard deviations, of at most ten outcomes a rule: one run in 10^5 would be wrong, and this one is always the same
    for (const [name, p] of expected)
      expect(Math.abs((found.get(name) ?? 0) - p)).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / CHAINS) + 1e-12);
  });

  test('the tail is a martingale under replace, and types among the first tokens are those of a bag', () => {
    const frequencies = Float64Array.from({ length: 300 }, (_, i) => Math.max(1, Math.floor(400 / (300 - i))));
    const tokens = frequencies.reduce((sum, f) => sum + f, 0);
    const written = [tokens, tokens, tokens, tokens, tokens];
    const of = (values: Float64Array) => {
      const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
      return { mean, se: Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length / (values.length - 1)) };
    };
    const first: HonestMeasure = { kind: 'alive', first: 300 };
    const [alive, tail, few] = honestChains([{ frequencies, written }], { kind: 'replace' }, [ALIVE, { kind: 'tail', mass: 0.2 }, first], 400); // prettier-ignore
    let [mass, cut] = [0, 0];
    while (mass + frequencies[cut] <= 0.2 * tokens) mass += frequencies[cut++];
    for (const values of tail) {
      const { mean, se } = of(values);
      expect(Math.abs(mean - mass / tokens)).toBeLessThan(4.5 * se);
    }
    // generation 0: 1 - (1 - p)^n of each type
    const chance = (n: number) => frequencies.reduce((sum, f) => sum + 1 - (1 - f / tokens) ** n, 0) / 300;
    for (const [values, n] of [
      [alive[0], tokens],
      [few[0], 300],
    ] as const) {
      const { mean, se } = of(values);
      expect(Math.abs(mean - chance(n))).toBeLessThan(4.5 * se);
    }
    expect(of(alive[4]).mean).toBeLessThan(of(alive[0]).mean - 0.1);
  });

  test('types that cannot be lost are drawn together, and change nothing for the others', () => {
    const light = [1, 2, 3, 5, 8, 13];
    const written = [20_000, 20_000, 20_000];
    const heavy = [3000, 3500, 13_468];
    const chains = (frequencies: number[]) =>
      honestChains([{ frequencies: Float64Array.from(frequencies), written }], { kind: 'replace' }, [ALIVE], 3000)[0][2];
    // one type in place of three, or three that are drawn as one: as many of the light ones live
    const one = chains([...light, 19_968]).map((share) => share * 7 - 1);
    const three = chains([...light, ...heavy]).map((share) => share * 9 - 3);
    expect([...one]).toEqual([...three].map((x) => expect.closeTo(x, 9)));
  });

  test('no law is known of what others wrote, of new real text, of operators and of sets that grow', () => {
    const sample = { size: 10, growth: 0 };
    expect(honestRule({ kind: 'replace' }, sample)).toEqual({ kind: 'replace' });
    expect(honestRule({ kind: 'replace' }, { ...sample, growth: 1 })).toBeUndefined();
    expect(honestRule({ kind: 'fresh', share: 0.5 }, sample)).toBeUndefined();
    const term = { from: 'other', generation: 'previous', take: 'all', draw: 'redrawn' } as const;
    expect(honestRule({ kind: 'terms', terms: [term] }, sample)).toBeUndefined();
    expect(honestRule({ kind: 'terms', terms: [{ ...term, from: 'self' }] }, sample)).toEqual({ kind: 'replace' });
    expect(honestRule({ kind: 'terms', terms: [{ ...term, from: 'self', through: [] }] }, sample)).toBeUndefined();
  });
});
