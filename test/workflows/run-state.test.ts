import { describe, expect, test } from '@jest/globals';
import { RunState, isLastGeneration } from '../../workflows/run-state.js';

const ref = { kind: 'model', digest: `sha256:${'0'.repeat(64)}`, size: 1 } as const;
const next = (state: RunState) =>
  new RunState(3, state.paused, JSON.parse(JSON.stringify(state.carried())) as ReturnType<RunState['carried']>);

describe('a run', () => {
  test('goes on where it was, in the next execution too', () => {
    const state = new RunState(3);
    expect([state.next, state.hasMore]).toEqual([0, true]);
    state.setMember('m', { prepared: { train: ref, valid: ref, test: ref }, model: ref });
    state.reach(0);
    state.counted(false);
    state.counted(true);
    state.note({ what: 'score', generation: 0, kind: 'failed', message: 'no' });
    state.setPaused(true);
    const later = next(state);
    expect(later.members).toEqual(state.members);
    expect(later.paused).toBe(true);
    expect([later.next, later.progress().counted, later.progress().problemCount]).toEqual([1, { computed: 1, reused: 1 }, 1]);
    for (const t of [1, 2, 3]) later.reach(t);
    expect(later.hasMore).toBe(false);
    expect(later.result()).toMatchObject({ generations: 3, problems: [{ what: 'score', generation: 0 }] });
  });

  test('has more to do when it is extended, and says which generation it reached', () => {
    const state = new RunState(1);
    state.reach(0);
    state.reach(1);
    state.extend(4);
    expect(state.hasMore).toBe(true);
    expect(state.result().generations).toBe(1);
    state.extend(2); // an older signal that comes late
    expect(state.generations).toBe(4);
  });

  test('that its condition ends goes no further, whatever it is asked for, and says that it has done all of that', () => {
    const carry = (state: RunState) => new RunState(9, false, JSON.parse(JSON.stringify(state.carried())) as ReturnType<RunState['carried']>, 1); // prettier-ignore
    let state = new RunState(5, false, {}, 1);
    expect([state.generations, state.progress().generations]).toEqual([1, 1]);
    state.reach(0);
    expect([state.hasMore, state.result().generations]).toEqual([true, 0]);
    state.extend(7);
    state = carry(state);
    state.reach(1);
    // an experiment starts anew whoever has not come as far as it asked
    expect([state.hasMore, state.generations, state.result().generations]).toEqual([false, 1, 7]);
    // one that was asked for less than its condition allows can be extended
    const short = new RunState(1, false, {}, 3);
    short.reach(0);
    short.reach(1);
    expect([short.hasMore, short.result().generations]).toEqual([false, 1]);
    short.extend(9);
    expect([short.hasMore, short.generations]).toEqual([true, 3]);
  });

  test('of chains does a step that was cut short anew, from where that began', () => {
    const state = new RunState(130);
    state.reach(99, ref);
    state.reachWithin(130);
    expect([state.hasMore, state.result().generations]).toEqual([false, 130]);
    state.extend(199);
    expect([state.hasMore, state.next, state.chains]).toEqual([true, 100, ref]);
    expect(next(state).chains).toEqual(ref);
  });

  test('keeps the first ten problems and their number', () => {
    const state = new RunState(100);
    for (let generation = 0; generation < 30; generation++)
      state.note({ what: 'score', generation, kind: 'failed', message: 'no' });
    const { problems, problemCount } = next(state).progress();
    expect([problems.length, problemCount, problems[9].generation]).toEqual([10, 30, 9]);
  });
});

test('a last generation is a whole number from 0 to a million, and nothing that looks like one', () => {
  for (const good of [0, 1, 1e6]) expect(isLastGeneration(good)).toBe(true);
  const bad = [-1, 0.5, 1e6 + 1, NaN, Infinity, '7', [7], {}, null, undefined, true, 7n];
  for (const value of bad) expect(isLastGeneration(value)).toBe(false);
});
