/** What generations read of those before them, as settings change. */
import { describe, expect, test } from '@jest/globals';
import type { MixturePlan } from '../../spec/mixture.js';
import type { MixedStepMember } from '../../spec/plan.js';
import {
  earlierDraws,
  everyBefore,
  setsAt,
  splitsWritten,
  stillRead,
  type Loop,
  type MemberStates,
} from '../../workflows/reads.js';
import { list, member, term } from './walk.js';

const replace: MixturePlan = { kind: 'replace' };
const accumulate: MixturePlan = { kind: 'accumulate' };
const fresh: MixturePlan = { kind: 'fresh', share: 0.5 };
const one = (mixture: MixturePlan, sample?: number): MixedStepMember => member({ name: 'm', mixture, ...(sample && { sample: { size: sample, growth: 0 } }) }); // prettier-ignore
const loop = (first: MixedStepMember, ...phases: [from: number, member: MixedStepMember][]): Loop => ({
  members: [first],
  phases: phases.map(([from, then]) => ({ from, members: [then] })),
});

describe('who begins to read everything', () => {
  test('reads each generation but the last, through what its term goes', () => {
    const through = [{ name: 'dedupe', settings: {} }];
    const past = { writer: 'w', name: 'w', term: { ...term('w', 'all'), through } };
    const each = (generation: number) => ({ from: 'w', generation, take: 'all', draw: 'redrawn', through });
    expect(everyBefore(past, 4)).toEqual([each(0), each(-3), each(-2)]);
    expect(everyBefore({ ...past, term: term('w', 'all') }, 2)).toEqual([term('w', 0)]);
  });
});

describe('new real records', () => {
  test('are not new again after a phase: how many were drawn before is said, up to where', () => {
    const run = loop(one(fresh, 10), [3, one(fresh, 20)], [5, one(replace, 20)], [7, one(fresh, 20)]);
    const before = earlierDraws(run, 'm', 7).earlier!;
    expect(before.map(({ to, sample }) => [to, sample?.size])).toEqual([
      [2, 10],
      [4, 20],
      [6, 20],
    ]);
    // who draws no new ones does not care
    expect(earlierDraws(run, 'm', 5)).toEqual({});
    // nor who always drew so
    expect(earlierDraws(loop(one(fresh, 10)), 'm', 4)).toEqual({});
    expect(earlierDraws(loop(one(fresh, 10), [3, one(fresh, 10)]), 'm', 4)).toEqual({});
  });
});

describe('what a member wrote is held', () => {
  const held = (run: Loop, t: number, last = t) =>
    Array.from({ length: last + 1 }, (_, generation) => generation).filter((generation) => stillRead('m', generation, t, run));

  test('while anybody reads it, and the last always', () => {
    expect(held(loop(one(replace)), 5)).toEqual([5]);
    expect(held(loop(one(list(term('self', -2)))), 5)).toEqual([4, 5]);
    expect(held(loop(one(list(term('self', 0), term('self', 'previous')))), 5)).toEqual([0, 5]);
    // what all read who read everything is in a set of its own
    expect(held(loop(one(accumulate)), 5)).toEqual([5]);
  });

  test('for a phase that has not begun: all of it where it will read everything, then no more', () => {
    const run = loop(one(replace), [8, one(accumulate)]);
    expect(held(run, 5)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(held(run, 8)).toEqual([8]);
    // through other operators it is read anew
    const through = [{ name: 'dedupe', settings: {} }];
    const other = loop(one(accumulate), [8, one(list({ ...term('self', 'all'), through }))]);
    expect(held(other, 5)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(held(loop(one(replace), [8, one(list(term('self', -3)))]), 6)).toEqual([5, 6]);
  });

  test('for other members', () => {
    const reader = member({ name: 'r', mixture: list(term('m', -2)) });
    const run: Loop = { members: [one(replace), reader] };
    expect(held(run, 5)).toEqual([4, 5]);
  });
});

describe('splits that are mixed', () => {
  const mixing = (name: string, mixture: MixturePlan, ...mixes: ('valid' | 'test')[]) => ({ ...member({ name, mixture }), mixes }) as MixedStepMember; // prettier-ignore

  test('are written by those alone whom somebody who mixes them reads, in any phase', () => {
    const run: Loop = { members: [one(replace), mixing('r', list(term('m', 'current')), 'valid')] };
    expect(splitsWritten(run, 'm')).toEqual(['valid']);
    expect(splitsWritten(run, 'r')).toEqual([]);
    const later = mixing('m', replace, 'test');
    expect(splitsWritten(loop(one(replace), [4, later]), 'm')).toEqual(['test']);
    expect(splitsWritten(loop(one(replace)), 'm')).toEqual([]);
  });

  test('are read in place of the training set’s: what is real and what was written are of that split', () => {
    const ref = (digest: string) => ({ kind: 'dataset', digest, size: 0 }) as never;
    const prepared = { train: ref('train'), valid: ref('valid'), test: ref('test') };
    const wrote = { generation: 2, set: ref('set'), model: ref('model'), held: { valid: ref('held') } };
    const states: MemberStates = { m: { prepared, real: ref('sample'), written: [wrote] } };
    const terms = [term('real', 0, { share: 0.5 }), term('self', 'previous', { share: 0.5 })];
    const found = (split?: 'valid' | 'test') => setsAt(terms, 'm', 3, states, split).map(({ ref: { digest } }) => digest);
    expect(found()).toEqual(['sample', 'set']);
    // shares are of as many as the split has
    expect(found('valid')).toEqual(['valid', 'valid', 'held']);
    expect(() => found('test')).toThrow('internal: m/2 is not in the pool');
  });
});
