import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ExperimentState } from '../../workflows/experiment-state.js';

const IDS = ['a', 'b', 'c', 'd'];
const steps = { computed: 2, reused: 1 };
const done = (generations: number, problemCount = 0) => ({ generations, steps, problems: [], problemCount });

let turns = 0;
const newTurn = () => `turn ${++turns}`;
/** Begins a run, which starts at once, and gives its index and turn. */
const begin = (state: ExperimentState, atATime = 9) => {
  const going = state.begin(atATime, newTurn);
  if (going) state.started(going.index, going.turn);
  return going;
};
const turnOf = (state: ExperimentState, index: number) => state.underWay().find((run) => run.index === index)?.turn ?? 'none';
const ended = (state: ExperimentState, index: number, result = done(3)) => state.ended(index, turnOf(state, index), result);
const broke = (state: ExperimentState, index: number) =>
  state.broke(index, turnOf(state, index), { kind: 'failed', message: 'no' });

/** What a next execution starts from: what travels is JSON. */
const next = (state: ExperimentState, ids = IDS) =>
  new ExperimentState(ids, 3, JSON.parse(JSON.stringify(state.carried())) as ReturnType<ExperimentState['carried']>);

describe('the window', () => {
  test('begins runs in order, so many at a time, and none while paused', () => {
    const state = new ExperimentState(IDS, 3);
    expect([begin(state, 2), begin(state, 2), begin(state, 2)].map((run) => run?.index)).toEqual([0, 1, undefined]);
    ended(state, 0);
    state.setPaused(true);
    expect(begin(state, 2)).toBeUndefined();
    state.setPaused(false);
    expect(begin(state, 2)).toMatchObject({ index: 2, paused: false, generations: 3 });
    broke(state, 1);
    expect(begin(state, 2)?.index).toBe(3);
    for (const index of [2, 3]) ended(state, index);
    expect(state.isOver).toBe(true);
    expect(state.result()).toMatchObject({ status: 'partly failed', runs: 4, failed: 1, steps: { computed: 6, reused: 3 } });
  });
});

describe('an end', () => {
  test('counts once, however often and in whatever order it is heard, also before it is heard that the run has started', () => {
    const state = new ExperimentState(IDS, 3);
    const { index, turn } = state.begin(9, newTurn)!;
    state.ended(index, turn, done(3));
    state.started(index, turn);
    state.ended(index, turn, done(3));
    state.broke(index, turn, { kind: 'failed', message: 'gone' });
    expect(state.progress()).toMatchObject({ done: 1, failed: 0, running: [], steps });
    expect(state.underWay()).toEqual([]);
  });

  test('of an earlier turn says nothing of the one under way', () => {
    const state = new ExperimentState(IDS.slice(0, 1), 3);
    const first = begin(state)!;
    ended(state, 0);
    state.extend(5);
    const second = begin(state)!;
    expect(second.turn).not.toBe(first.turn);
    state.ended(0, first.turn, done(3));
    state.broke(0, first.turn, { kind: 'canceled', message: 'cancelled' });
    expect(state.progress()).toMatchObject({ done: 0, failed: 0, running: ['a'] });
    state.ended(0, second.turn, done(5));
    expect(state.result()).toMatchObject({ status: 'done', generations: 5 });
  });
});

describe('an execution that goes on in a new one', () => {
  test('leaves the runs under way to it: they keep their slots, hear what is new, and end there', () => {
    const first = new ExperimentState(IDS, 3);
    const [a, b] = [begin(first, 2)!, begin(first, 2)!];
    first.ended(a.index, a.turn, done(3));
    const c = begin(first, 2)!;
    const second = next(first);
    expect(second.progress()).toMatchObject({ done: 1, running: ['b', 'c'] });
    expect(second.underWay({ inherited: true })).toEqual([b, c].map(({ index, turn }) => ({ index, turn })));
    expect(begin(second, 2)).toBeUndefined();
    second.setPaused(true);
    expect(second.news()).toEqual([b, c].map(({ index, turn }) => ({ index, turn, paused: true })));
    expect(next(second).news()).toEqual([]);
    second.setPaused(false);
    second.ended(b.index, b.turn, done(3));
    const d = begin(second, 2)!;
    expect(second.underWay({ inherited: true })).toEqual([{ index: c.index, turn: c.turn }]);
    for (const { index, turn } of [c, d]) second.ended(index, turn, done(3));
    expect(second.result()).toMatchObject({ status: 'done', runs: 4, steps: { computed: 8, reused: 4 } });
  });

  test('starts what had not been started', () => {
    const state = new ExperimentState(IDS, 3);
    const { turn } = state.begin(1, newTurn)!;
    expect(state.carried()).toMatchObject({ next: 1, again: [0], going: [] });
    const later = next(state);
    expect(later.progress()).toMatchObject({ done: 0, running: [] });
    later.ended(0, turn, done(3));
    expect([begin(later), begin(later), begin(later), begin(later)].map((run) => run?.index)).toEqual([1, 2, 3, 0]);
  });

  test('begins runs with what was asked of each alone, once, and tells them no less of what is asked of all', () => {
    const asked = [
      { index: 0, paused: true },
      { index: 1, generations: 7 },
    ];
    const before = new ExperimentState(IDS, 3, { ...new ExperimentState(IDS, 3).carried(), asked });
    const state = next(before);
    const [a, b, c] = [begin(state), begin(state), begin(state)];
    expect([a, b, c]).toMatchObject([
      { index: 0, paused: true, generations: 3 },
      { index: 1, paused: false, generations: 7 },
      { index: 2, paused: false, generations: 3 },
    ]);
    expect(state.news()).toEqual([]);
    state.ended(1, b!.turn, done(7));
    state.extend(5);
    expect(state.news().map(({ index, generations }) => [index, generations])).toEqual([0, 2].map((index) => [index, 5]));
    ended(state, 0, done(5));
    expect(state.carried().asked).toBeUndefined();
  });

  test('reads what a version left that let its runs end first', () => {
    const { going: _, ...old } = new ExperimentState(IDS, 3).carried();
    expect(new ExperimentState(IDS, 3, old).progress()).toMatchObject({ done: 0, running: [] });
  });
});

describe('what runs are told', () => {
  test('is what has changed since they were asked for, once each, and never before they exist', () => {
    const state = new ExperimentState(IDS, 3);
    const [first, second] = [state.begin(2, newTurn)!, state.begin(2, newTurn)!];
    state.started(0, first.turn);
    state.setPaused(true);
    expect(state.news()).toEqual([{ index: 0, turn: first.turn, paused: true }]);
    expect(state.news()).toEqual([]);
    state.extend(5);
    state.started(1, second.turn); // asked for before the pause, there only now
    expect(state.news()).toEqual([
      { index: 0, turn: first.turn, generations: 5 },
      { index: 1, turn: second.turn, paused: true, generations: 5 },
    ]);
    state.setPaused(false);
    state.ended(0, first.turn, done(5));
    expect(state.news()).toEqual([{ index: 1, turn: second.turn, paused: false }]);
  });
});

describe('more generations', () => {
  test('than a run has reached mean that it goes once more: ended before, or too late to hear of it; not what failed', () => {
    const state = new ExperimentState(IDS, 3);
    for (let i = 0; i < 4; i++) begin(state, 4);
    ended(state, 0);
    broke(state, 1);
    state.extend(5);
    expect(state.isOver).toBe(false);
    ended(state, 2); // had not heard
    ended(state, 3, done(5));
    expect([begin(state), begin(state), begin(state)]).toMatchObject([
      { index: 0, paused: false, generations: 5 },
      { index: 2, paused: false, generations: 5 },
      undefined as never,
    ]);
  });

  test('are reached also by runs that ended before the experiment was continued as new', () => {
    const state = new ExperimentState(IDS, 3);
    begin(state, 1);
    ended(state, 0);
    state.extend(5); // the last that this execution hears
    const later = next(state);
    expect([begin(later), begin(later), begin(later), begin(later)].map((run) => run?.index)).toEqual([1, 2, 3, 0]);
    for (let i = 0; i < 4; i++) ended(later, i, done(5));
    later.extend(7);
    expect(next(later).carried().again).toEqual([0, 1, 2, 3]);
  });

  test('whatever happens in whatever order, in the end every run has failed or reached the last generation', () => {
    const event = fc.oneof(
      { weight: 4, arbitrary: fc.record({ begin: fc.constantFrom('starts', 'is starting') }) },
      { weight: 3, arbitrary: fc.record({ end: fc.nat(5), heard: fc.boolean(), twice: fc.boolean() }) },
      { weight: 1, arbitrary: fc.record({ fail: fc.nat(5) }) },
      { weight: 1, arbitrary: fc.constant('extend' as const) },
      { weight: 1, arbitrary: fc.constant('continue as new' as const) },
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.array(event, { maxLength: 60 }), (n, events) => {
        const ids = Array.from({ length: n }, (_, i) => `run-${i}`);
        let state = new ExperimentState(ids, 3);
        /** as they are in truth: what each has been told, and whether the experiment knows that it is there */
        const going = new Map<number, { turn: string; told: number; started: boolean }>();
        const reached = new Map<number, number>();
        const failed = new Set<number>();
        let ends = 0;
        const end = (which: number, heard: boolean, twice = false) => {
          const [index, { turn, told }] = [...going][which % going.size];
          reached.set(index, heard ? state.generations : told);
          for (let i = 0; i < (twice ? 2 : 1); i++) state.ended(index, turn, done(reached.get(index)!));
          going.delete(index);
          ends++;
        };
        const go = (started = true) => {
          const run = state.begin(3, newTurn);
          if (!run) return false;
          expect(going.has(run.index)).toBe(false); // never beside itself
          if (started) state.started(run.index, run.turn);
          going.set(run.index, { turn: run.turn, told: run.generations, started });
          return true;
        };
        for (const happening of events) {
          if (happening === 'extend') state.extend(state.generations + 1);
          else if (happening === 'continue as new') {
            state = next(state, ids);
            for (const [index, { started }] of going) if (!started) going.delete(index);
          } else if ('begin' in happening) go(happening.begin === 'starts');
          else if (going.size === 0) continue;
          else if ('fail' in happening) {
            const [[index, { turn }]] = [...going].slice(happening.fail % going.size);
            state.broke(index, turn, { kind: 'failed', message: 'no' });
            failed.add(index);
            going.delete(index);
          } else end(happening.end, happening.heard, happening.twice);
          expect(state.going).toBe(going.size);
        }
        while (!state.isOver) {
          while (go());
          end(0, true);
        }
        for (let i = 0; i < n; i++) expect(failed.has(i) || reached.get(i) === state.generations).toBe(true);
        const { computed } = state.progress().steps;
        expect(computed).toBe(2 * ends);
        expect(state.progress()).toMatchObject({ done: n - failed.size, failed: failed.size, running: [] });
      }),
    );
  });
});

describe('the result', () => {
  const end = (...events: ((state: ExperimentState, index: number) => void)[]) => {
    const state = new ExperimentState(IDS.slice(0, events.length), 3);
    events.forEach(() => begin(state));
    events.forEach((event, index) => event(state, index));
    return next(state, IDS.slice(0, events.length)).result();
  };
  const well = (state: ExperimentState, index: number) => ended(state, index);
  const badly = (state: ExperimentState, index: number) =>
    state.broke(index, turnOf(state, index), { kind: 'invalid', message: 'no' });
  const unscored = (state: ExperimentState, index: number) =>
    state.ended(index, turnOf(state, index), {
      ...done(3, 2),
      problems: [{ what: 'score', generation: 1, kind: 'failed', message: 'NaN' }],
    });

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
    begin(state, 1);
    unscored(state, 0);
    state.extend(4);
    begin(state, 1);
    ended(state, 0, done(4));
    expect(state.result()).toMatchObject({ status: 'done', incomplete: 0, problems: [] });
  });

  test('keeps ten failures of a thousand, and their number', () => {
    const ids = Array.from({ length: 1000 }, (_, i) => String(i));
    const state = new ExperimentState(ids, 3);
    for (let i = 0; i < 1000; i++) {
      begin(state, 1);
      badly(state, i);
    }
    expect(state.result()).toMatchObject({ status: 'failed', failed: 1000 });
    expect(state.result().failures).toHaveLength(10);
  });
});
