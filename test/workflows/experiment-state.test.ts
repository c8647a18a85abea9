import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ExperimentState } from '../../workflows/experiment-state.js';

const IDS = ['a', 'b', 'c', 'd'];
const steps = { computed: 2, reused: 1 };
const done = (generations: number, problemCount = 0) => ({ generations, steps, problems: [], problemCount });

/** What a next execution starts from: what travels is JSON. */
const next = (state: ExperimentState, ids = IDS) =>
  new ExperimentState(ids, 3, JSON.parse(JSON.stringify(state.carried())) as ReturnType<ExperimentState['carried']>);

describe('the window', () => {
  test('begins runs in order, so many at a time, and none while paused', () => {
    const state = new ExperimentState(IDS, 3);
    expect([state.begin(2), state.begin(2), state.begin(2)].map((run) => run?.index)).toEqual([0, 1, undefined]);
    state.ended(0, done(3));
    state.setPaused(true);
    expect(state.begin(2)).toBeUndefined();
    state.setPaused(false);
    expect(state.begin(2)).toEqual({ index: 2, paused: false, generations: 3 });
    state.broke(1, { kind: 'failed', message: 'no' });
    expect(state.begin(2)?.index).toBe(3);
    for (const index of [2, 3]) state.ended(index, done(3));
    expect(state.isOver).toBe(true);
    expect(state.result()).toMatchObject({ status: 'partly failed', runs: 4, failed: 1, steps: { computed: 6, reused: 3 } });
  });
});

describe('what runs are told', () => {
  test('is what has changed since they were asked for, once each, and never before they exist', () => {
    const state = new ExperimentState(IDS, 3);
    state.begin(2);
    state.begin(2);
    state.started(0);
    state.setPaused(true);
    expect(state.news()).toEqual([{ index: 0, paused: true }]);
    expect(state.news()).toEqual([]);
    state.extend(5);
    state.started(1); // asked for before the pause, there only now
    expect(state.news()).toEqual([
      { index: 0, generations: 5 },
      { index: 1, paused: true, generations: 5 },
    ]);
    state.setPaused(false);
    state.ended(0, done(5));
    expect(state.news()).toEqual([{ index: 1, paused: false }]);
  });
});

describe('more generations', () => {
  test('than a run has reached mean that it goes once more: ended before, or too late to hear of it; not what failed', () => {
    const state = new ExperimentState(IDS, 3);
    for (let i = 0; i < 4; i++) state.begin(4);
    state.ended(0, done(3));
    state.broke(1, { kind: 'failed', message: 'no' });
    state.extend(5);
    expect(state.isOver).toBe(false);
    state.ended(2, done(3)); // had not heard
    state.ended(3, done(5));
    expect([state.begin(4), state.begin(4), state.begin(4)]).toEqual([
      { index: 0, paused: false, generations: 5 },
      { index: 2, paused: false, generations: 5 },
      undefined,
    ]);
  });

  test('are reached also by runs that ended before the experiment was continued as new', () => {
    const state = new ExperimentState(IDS, 3);
    state.begin(1);
    state.ended(0, done(3));
    state.extend(5); // the last that this execution hears
    const later = next(state);
    expect([later.begin(9), later.begin(9), later.begin(9), later.begin(9)].map((run) => run?.index)).toEqual([1, 2, 3, 0]);
    for (let i = 0; i < 4; i++) later.ended(i, done(5));
    later.extend(7);
    expect(next(later).carried().again).toEqual([0, 1, 2, 3]);
  });

  test('whatever happens in whatever order, in the end every run has failed or reached the last generation', () => {
    const event = fc.oneof(
      { weight: 4, arbitrary: fc.constant('begin' as const) },
      { weight: 3, arbitrary: fc.record({ end: fc.nat(5), heard: fc.boolean() }) },
      { weight: 1, arbitrary: fc.record({ fail: fc.nat(5) }) },
      { weight: 1, arbitrary: fc.constant('extend' as const) },
      { weight: 1, arbitrary: fc.constant('continue as new' as const) },
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.array(event, { maxLength: 60 }), (n, events) => {
        const ids = Array.from({ length: n }, (_, i) => `run-${i}`);
        let state = new ExperimentState(ids, 3);
        const going = new Map<number, number>();
        const reached = new Map<number, number>();
        const failed = new Set<number>();
        const end = (which: number, heard: boolean) => {
          const [index, told] = [...going][which % going.size];
          reached.set(index, heard ? state.generations : told);
          state.ended(index, done(reached.get(index)!));
          going.delete(index);
        };
        const begin = () => {
          const run = state.begin(3);
          if (run) going.set(run.index, run.generations);
          return run;
        };
        for (const happening of events) {
          if (happening === 'begin') begin();
          else if (happening === 'extend') state.extend(state.generations + 1);
          else if (happening === 'continue as new') {
            while (going.size > 0) end(0, true);
            state = next(state, ids);
          } else if (going.size === 0) continue;
          else if ('fail' in happening) {
            const [index] = [...going.keys()].slice(happening.fail % going.size);
            state.broke(index, { kind: 'failed', message: 'no' });
            failed.add(index);
            going.delete(index);
          } else end(happening.end, happening.heard);
        }
        while (!state.isOver) {
          while (begin());
          end(0, true);
        }
        for (let i = 0; i < n; i++) expect(failed.has(i) || reached.get(i) === state.generations).toBe(true);
        expect(state.progress()).toMatchObject({ done: n - failed.size, failed: failed.size, running: [] });
      }),
    );
  });
});

describe('the result', () => {
  const end = (...events: ((state: ExperimentState, index: number) => void)[]) => {
    const state = new ExperimentState(IDS.slice(0, events.length), 3);
    events.forEach(() => state.begin(9));
    events.forEach((event, index) => event(state, index));
    return next(state, IDS.slice(0, events.length)).result();
  };
  const well = (state: ExperimentState, index: number) => state.ended(index, done(3));
  const badly = (state: ExperimentState, index: number) => state.broke(index, { kind: 'invalid', message: 'no' });
  const unscored = (state: ExperimentState, index: number) =>
    state.ended(index, { ...done(3, 2), problems: [{ what: 'score', generation: 1, kind: 'failed', message: 'NaN' }] });

  test('is failed, partly failed or done', () => {
    expect(end(well, well).status).toBe('done');
    expect(end(badly, badly).status).toBe('failed');
    expect(end(badly, well)).toMatchObject({ status: 'partly failed', failed: 1, failures: [{ run: 'a', kind: 'invalid' }] });
    expect(end(well, unscored)).toMatchObject({
      status: 'partly failed',
      failed: 0,
      incomplete: 1,
      problems: [{ run: 'b', what: 'score', generation: 1, kind: 'failed', message: 'NaN' }],
    });
  });

  test('of a run that went once more is that of its last time', () => {
    const state = new ExperimentState(['a'], 3);
    state.begin(1);
    unscored(state, 0);
    state.extend(4);
    state.begin(1);
    state.ended(0, done(4));
    expect(state.result()).toMatchObject({ status: 'done', incomplete: 0, problems: [] });
  });

  test('keeps ten failures of a thousand, and their number', () => {
    const ids = Array.from({ length: 1000 }, (_, i) => String(i));
    const state = new ExperimentState(ids, 3);
    for (let i = 0; i < 1000; i++) {
      state.begin(1);
      badly(state, i);
    }
    expect(state.result()).toMatchObject({ status: 'failed', failed: 1000 });
    expect(state.result().failures).toHaveLength(10);
  });
});
