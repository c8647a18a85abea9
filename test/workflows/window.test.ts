/** The sliding window in a world without a server: the experiment continues as new while its runs go on, and nobody is lost or doubled. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { digestOf } from '../../common/canonical.js';
import { expand } from '../../spec/expand.js';
import type { ExperimentPlan } from '../../spec/plan.js';
import type { ExperimentInput, RunInput } from '../../workflows/contract.js';
import { makeFixture } from '../report/fixture.js';
import { standIns } from '../support/stand-ins.mjs';
import { World, installSdk } from './world.js';

installSdk();
const { experiment, run } = await import('../../workflows/index.js');
const { checkSignal, endedSignal, experimentProgressQuery, extendUpdate, pauseUpdate, resumeUpdate, runProgressQuery } =
  await import('../../workflows/contract.js');

let world: World;
/** of each step: its run's seed and generation */
let done: string[];
/** runs whose fine-tuning of generation 1 waits */
let held: Set<number>;
let most: number;

const idOf = (seed: number) => `e/replace/seed-${seed}`;
const runsOf = (status: string) =>
  [...world.executions.values()].filter((one) => /seed-\d+$/.test(one.id) && one.status === status).map(({ id }) => id);
const inputs = () => world.executions.get('e')!.inputs as ExperimentInput[];
const continued = () => inputs().length > 1;
const planOf = (seeds: number, generations: number, concurrency: number): ExperimentPlan => {
  const all = Array.from({ length: seeds }, (_, i) => i + 1);
  const { plan } = makeFixture({ name: 'e', seeds: all, generations, conditions: ['replace'] });
  return { ...plan, execution: { ...plan.execution, concurrency } };
};
const start = (plan: ExperimentPlan, more = {}) => world.start(experiment, 'e', { plan, store: 's', eventLimit: 30, ...more });
const progress = () => world.query('e', experimentProgressQuery);
const ticks = async (n: number) => { for (let i = 0; i < n; i++) await world.tick(); }; // prettier-ignore

beforeEach(() => {
  world = new World();
  done = [];
  held = new Set();
  most = 0;
  const activities = standIns();
  for (const [name, works] of Object.entries(activities))
    world.activities[name] = async (input: { place?: { seed: number; generation: number } }) => {
      const { seed, generation } = input.place ?? { seed: 0, generation: 0 };
      most = Math.max(most, runsOf('running').length);
      if (name === 'finetune' && generation === 1) await world.until(() => !held.has(seed));
      await ticks(seed % 3);
      done.push(`${name} ${seed} ${generation}`);
      return works(input);
    };
});
afterEach(() => world.stop());

describe('while runs go on', () => {
  test('the experiment continues as new again and again, the window stays full, and every run is done once', async () => {
    const outcome = start(planOf(12, 1, 3));
    await world.until(() => runsOf('running').length === 3);
    let [stretch, longest] = [0, 0];
    while (runsOf('completed').length < 9) {
      stretch = runsOf('running').length < 3 ? stretch + 1 : 0;
      longest = Math.max(longest, stretch);
      await world.tick();
    }
    expect(await outcome).toMatchObject({ status: 'done', runs: 12, failed: 0 });
    expect(inputs().length).toBeGreaterThan(3);
    expect(inputs().slice(1).every(({ carried }) => carried!.going!.length > 0)).toBe(true); // prettier-ignore
    expect(most).toBe(3);
    expect(longest).toBeLessThan(12); // the moment that a start takes; a run takes some 70
    for (let seed = 1; seed <= 12; seed++) expect(done.filter((step) => step === `finetune ${seed} 1`)).toHaveLength(1);
  });

  test('a run that outlives several executions is counted, told of a pause and extended', async () => {
    held.add(1);
    const outcome = start(planOf(9, 1, 2));
    await world.until(() => inputs().length > 2 && progress().done >= 5);
    expect(progress().running).toContain('replace/seed-1');
    await world.update('e', pauseUpdate);
    await world.update('e', extendUpdate, 2);
    await world.until(() => world.query(idOf(1), runProgressQuery).generations === 2);
    held.delete(1);
    await world.until(() => done.includes('finetune 1 1'));
    await ticks(200);
    expect(done).not.toContain('finetune 1 2');
    await world.update('e', resumeUpdate);
    expect(await outcome).toMatchObject({ status: 'done', runs: 9, failed: 0, generations: 2 });
    for (let seed = 1; seed <= 9; seed++) expect(done.filter((step) => step === `finetune ${seed} 2`)).toHaveLength(1);
  });

  test('one that fails is told of by the execution that did not start it', async () => {
    held.add(1);
    const { finetune } = world.activities;
    world.activities.finetune = async (input: { place: { seed: number; generation: number } }) => {
      const result: unknown = await finetune(input);
      if (input.place.seed === 1 && input.place.generation === 1) throw forGood('the disk is full');
      return result;
    };
    const { forGood } = await import('../support/stand-ins.mjs');
    const outcome = start(planOf(6, 1, 2));
    await world.until(() => inputs().length > 1 && progress().done === 5);
    held.delete(1);
    expect(await outcome).toMatchObject({
      status: 'partly failed',
      failed: 1,
      failures: [{ run: 'replace/seed-1', kind: 'failed', message: 'the disk is full' }],
    });
  });
});

describe('what a run says of its end', () => {
  test('twice, too early, of another turn or without sense changes nothing', async () => {
    held.add(1);
    const outcome = start(planOf(3, 1, 1));
    await world.until(() => world.executions.has(idOf(1)));
    const { startedBy } = world.executions.get(idOf(1))!.inputs[0] as RunInput;
    expect(startedBy).toMatchObject({ experiment: 'e', index: 0 });
    const result = { generations: 1, steps: { computed: 100, reused: 0 }, problems: [], problemCount: 0 };
    for (const rubbish of [
      undefined,
      null,
      7,
      {},
      { index: 0 },
      { index: 0, turn: startedBy!.turn },
      { ...startedBy, result: {} },
    ])
      await world.signal('e', endedSignal, rubbish);
    await world.signal('e', endedSignal, { index: 0, turn: 'an earlier one', result });
    await world.signal('e', endedSignal, { index: 2, turn: startedBy!.turn, result });
    expect(progress()).toMatchObject({ done: 0, running: ['replace/seed-1'] });
    expect(world.logged.filter(({ message }) => message === 'a signal that makes no sense is ignored')).toHaveLength(7);
    held.delete(1);
    await world.until(() => progress().done === 1);
    await world.signal('e', endedSignal, { ...startedBy, result });
    expect(await outcome).toMatchObject({ status: 'done', runs: 3, steps: { computed: 3 * (1 + 3 + 4), reused: 0 } });
  });

  test('is not said where it was started by itself, and is lost where its experiment is over', async () => {
    const plan = expand(planOf(1, 1, 1))[0];
    const input = { plan, digest: digestOf('plan'), store: 's' };
    expect(await world.start(run, idOf(1), input)).toMatchObject({ generations: 1 });
    const startedBy = { experiment: 'e', index: 0, turn: 't' };
    expect(await world.start(run, idOf(1), { ...input, startedBy })).toMatchObject({ generations: 1 });
    expect(world.logged).toMatchObject([{ message: 'the experiment of this run is over' }]);
  });
});

describe('a run that ends without a word', () => {
  const gone = { run: 'replace/seed-1', kind: 'failed', message: 'it was ended by force, or the server no longer knows it' };

  test('under the execution that started it is heard of at once, from the server', async () => {
    held.add(1);
    const outcome = start(planOf(2, 1, 2), { eventLimit: 1000 });
    await world.until(() => done.includes('finetune 1 0'));
    world.terminate(idOf(1));
    expect(await outcome).toMatchObject({ status: 'partly failed', failed: 1, failures: [{ run: 'replace/seed-1' }] });
    expect(world.timers).toBe(0);
  });

  test('under a later one is missed when it is asked for, once in a quarter of an hour, also across executions', async () => {
    held.add(1).add(2);
    const outcome = start(planOf(8, 1, 3));
    await world.until(() => progress().done === 6);
    expect(continued()).toBe(true);
    world.terminate(idOf(1));
    world.pass(14 * 60);
    await ticks(50);
    expect(progress()).toMatchObject({ failed: 0, running: ['replace/seed-1', 'replace/seed-2'] });
    world.pass(60);
    await world.until(() => progress().failed === 1);
    expect(progress()).toMatchObject({ failures: [gone], running: ['replace/seed-2'] });
    held.delete(2);
    expect(await outcome).toMatchObject({ status: 'partly failed', failed: 1, failures: [gone] });
  });

  test('or as soon as anybody asks', async () => {
    held.add(1);
    const outcome = start(planOf(6, 1, 2));
    await world.until(() => continued() && progress().done === 5);
    world.terminate(idOf(1));
    await world.signal('e', checkSignal);
    expect(await outcome).toMatchObject({ status: 'partly failed', failed: 1, failures: [gone] });
  });
});

describe('another version of the workers', () => {
  test('is believed where it is said again after a while, of the experiment and of a run', async () => {
    held.add(1);
    world.saysOtherVersion = () => true;
    const outcome = start(planOf(3, 1, 2), { eventLimit: 10_000 });
    const pass = async () => {
      await ticks(40);
      world.pass(10);
    };
    for (let i = 0; i < 40; i++) await pass();
    expect(inputs().length).toBeGreaterThan(1);
    expect(inputs()[1].carried!.going).toMatchObject([{ index: 0 }]);
    expect(world.executions.get(idOf(1))!.inputs).toHaveLength(2);
    held.delete(1);
    let over = false;
    void outcome.finally(() => (over = true));
    while (!over) await pass();
    expect(await outcome).toMatchObject({ status: 'done', runs: 3, failed: 0 });
  });

  test('that is said of one task and not of the next is none', async () => {
    let said = 0;
    world.saysOtherVersion = () => said++ % 2 === 0;
    const outcome = start(planOf(3, 1, 2), { eventLimit: 10_000 });
    let over = false;
    void outcome.finally(() => (over = true));
    for (; !over; world.pass(10)) await ticks(10);
    expect(await outcome).toMatchObject({ status: 'done', runs: 3, failed: 0 });
    for (const { inputs } of world.executions.values()) expect(inputs).toHaveLength(1);
  });
});

describe('cancellation', () => {
  test.each([
    ['at once', 0],
    ['after some were started by earlier executions', 5],
  ])('%s: reaches every run, those being started too, and the experiment ends after the last', async (_, after) => {
    for (let seed = after + 1; seed <= 30; seed++) held.add(seed);
    const outcome = start(planOf(30, 1, 4)).catch((error: unknown) => error);
    await world.until(() => runsOf('completed').length === after && runsOf('running').length === 4);
    world.cancel('e');
    expect(String(await outcome)).toContain('cancelled');
    await ticks(20);
    expect(runsOf('running')).toEqual([]);
    expect(runsOf('failed')).toHaveLength(4);
  });

  test('while it waits to continue as new', async () => {
    let starts = () => undefined as void;
    held.add(3).add(4);
    world.beforeStart = async (id) => {
      if (id === idOf(4)) await new Promise<void>((resolve) => (starts = resolve));
    };
    const outcome = start(planOf(30, 1, 2)).catch((error: unknown) => error);
    await world.until(() => runsOf('completed').length === 2 && runsOf('running').length === 1);
    await ticks(30);
    const executions = inputs().length;
    world.cancel('e');
    await ticks(5);
    starts(); // comes into being after it was cancelled
    expect(String(await outcome)).toContain('cancelled');
    await ticks(20);
    expect(inputs()).toHaveLength(executions);
    expect(runsOf('running')).toEqual([]);
    expect(world.executions.has(idOf(5))).toBe(false);
  });

  test('does not wait for a run that is gone', async () => {
    held.add(1);
    const outcome = start(planOf(6, 1, 2)).catch((error: unknown) => error);
    await world.until(() => continued() && progress().done === 5);
    world.terminate(idOf(1));
    world.cancel('e');
    expect(String(await outcome)).toContain('cancelled');
  });
});

describe('a run of the same name', () => {
  test('that an experiment left when it was ended by force is ended, and done anew from what is finished', async () => {
    held.add(1);
    void start(planOf(2, 1, 2)).catch(() => undefined);
    await world.until(() => done.includes('finetune 1 0') && runsOf('completed').length === 1);
    world.terminate('e');
    const outcome = start(planOf(2, 1, 2));
    await ticks(50);
    expect(runsOf('running')).toEqual([idOf(1)]); // the first one
    world.pass(1);
    await world.until(() => world.executions.get(idOf(1))!.status === 'failed');
    held.delete(1);
    await ticks(20);
    world.pass(2);
    expect(await outcome).toMatchObject({ status: 'done', runs: 2, failed: 0 });
  });

  test('that never ends fails its successor, with a sentence', async () => {
    world.launch(() => new Promise(() => undefined), idOf(1), {});
    const outcome = start(planOf(2, 1, 2));
    for (let i = 0; i < 10; i++) {
      await ticks(100);
      world.pass(60);
    }
    expect(await outcome).toMatchObject({
      status: 'partly failed',
      failures: [{ run: 'replace/seed-1', kind: 'invalid', message: expect.stringContaining('does not end') }],
    });
  });
});
