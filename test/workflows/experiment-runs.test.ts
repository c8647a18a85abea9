/** An experiment's runs as workflows: started, told, asked, ended. What they come to is counted by the state (experiment-state.ts). */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import type { RunGoing, RunResult } from '../../workflows/contract.js';
import { ExperimentState } from '../../workflows/experiment-state.js';
import { World, installSdk } from './world.js';

installSdk();
let world: World;
const { setHandler, startChild } = await import('@temporalio/workflow');
const { checkSignal, setGenerationsSignal, setPausedSignal } = await import('../../workflows/contract.js');
const { abandonedChildOf } = await import('../../workflows/child.js');
const { ExperimentRuns } = await import('../../workflows/experiment-runs.js');

const result: RunResult = { generations: 3, steps: { computed: 1, reused: 0 }, problems: [], problemCount: 0 };
/** what was said to each run, and how those end that are let go */
let said: string[];
let ends: Map<number, RunResult | Error>;
let state: ExperimentState;

beforeEach(() => {
  world = new World();
  [said, ends] = [[], new Map()];
  state = new ExperimentState(['a', 'b', 'c'], 3);
});
afterEach(() => world.stop());

/** A run as far as its experiment sees it. */
const run = (index: number) => async () => {
  setHandler(setPausedSignal, (paused) => void said.push(`${index} paused ${paused}`));
  setHandler(setGenerationsSignal, (n) => void said.push(`${index} generations ${n}`));
  setHandler(checkSignal, () => void said.push(`${index} is there`));
  const { condition } = await import('@temporalio/workflow');
  await condition(() => ends.has(index));
  const end = ends.get(index)!;
  if (end instanceof Error) throw end;
  return end;
};
const idOf = (index: number) => `e/${index}`;
const start = ({ index }: RunGoing) => startChild(run(index) as never, { ...abandonedChildOf('e'), workflowId: idOf(index), args: [{}] as never }) as never; // prettier-ignore
/** Does something in an experiment, which then goes on until the test is over. */
function inExperiment(work: (runs: InstanceType<typeof ExperimentRuns>) => unknown, checked?: number, of = state) {
  const experiment = async () => {
    await work(new ExperimentRuns(of, { workflowId: idOf, start }, checked));
    await new Promise(() => undefined);
  };
  return world.launch(experiment, 'e', {});
}
const there = (...indices: number[]) => world.until(() => indices.every((index) => world.executions.get(idOf(index))?.handlers.has('check') === true)); // prettier-ignore

test('as many as may are under way, and the next begins when one has ended, however it ended', async () => {
  let runs: InstanceType<typeof ExperimentRuns>;
  inExperiment((all) => (runs = all).fill(2));
  await there(0, 1);
  expect(world.executions.has(idOf(2))).toBe(false);
  expect(runs!.quiet).toBe(true);
  ends.set(0, result);
  await world.until(() => state.progress().done === 1);
  ends.set(1, ApplicationFailure.create({ type: 'habsburg.resources', message: 'the disk is full' }));
  await world.until(() => state.progress().failed === 1);
  expect(state.progress().failures).toEqual([{ run: 'b', kind: 'resources', message: 'the disk is full' }]);
});

test('while a start is being asked for it is not quiet, and what is asked meanwhile reaches it when it is there', async () => {
  let exists = () => undefined as void;
  world.beforeStart = () => new Promise<void>((resolve) => (exists = resolve));
  let runs: InstanceType<typeof ExperimentRuns>;
  inExperiment((all) => (runs = all).fill(1));
  await world.until(() => state.going === 1);
  expect(runs!.quiet).toBe(false);
  state.setPaused(true);
  state.extend(7);
  exists();
  await world.until(() => said.length === 2);
  expect(said.sort()).toEqual(['0 generations 7', '0 paused true']);
});

test('each is told once what it does not know', async () => {
  inExperiment(async (runs) => {
    runs.fill(2);
    await there(0, 1);
    await runs.tell();
    expect(said).toEqual([]);
    state.extend(5);
    await runs.tell();
    await runs.tell();
  });
  await world.until(() => said.length > 1);
  for (let i = 0; i < 20; i++) await world.tick();
  expect(said.sort()).toEqual(['0 generations 5', '1 generations 5']);
});

test('one that the server does not know is gone, and is not waited for', async () => {
  inExperiment(async (runs) => {
    runs.fill(2);
    await there(0, 1);
    await runs.check();
    expect(said.sort()).toEqual(['0 is there', '1 is there']);
  });
  await world.until(() => said.length === 2);
  world.terminate(idOf(1));
  await world.until(() => state.progress().failed === 1);
  expect(state.progress().failures).toMatchObject([{ run: 'b', kind: 'failed' }]);
});

test('of those that an earlier execution started it is asked once in a while, and of no others', async () => {
  const going = [0, 1].map((index) => ({ index, turn: `t${index}`, paused: false, generations: 3 }));
  const carried = { ...state.carried(), next: 2, going };
  const inherited = new ExperimentState(['a', 'b', 'c'], 3, carried);
  for (const index of [0, 1]) world.launch(run(index), idOf(index), {});
  await there(0, 1);
  let runs: InstanceType<typeof ExperimentRuns>;
  inExperiment(
    (all) => {
      runs = all;
      runs.fill(3);
      void runs.keepChecking(60);
    },
    Date.now(),
    inherited,
  );
  await there(0, 1, 2);
  for (let i = 0; i < 20; i++) await world.tick();
  expect(said).toEqual([]);
  world.terminate(idOf(0));
  world.pass(60);
  await world.until(() => inherited.progress().failed === 1);
  expect(said).toEqual(['1 is there']);
  expect(inherited.progress().failures).toEqual([
    { run: 'a', kind: 'failed', message: 'it was ended by force, or the server no longer knows it' },
  ]);
  expect(runs!.checked).toBeGreaterThan(0);
});

test('cancellation reaches those that are there and those that are only being started, and resolves after the last', async () => {
  let exists = () => undefined as void;
  world.beforeStart = async (id) => {
    if (id === idOf(1)) await new Promise<void>((resolve) => (exists = resolve));
  };
  let over = false;
  inExperiment(async (runs) => {
    runs.fill(2);
    await there(0);
    await runs.cancel();
    over = true;
  });
  await world.until(() => world.executions.get(idOf(0))?.status === 'failed');
  expect(over).toBe(false);
  exists();
  await world.until(() => over);
  expect(world.executions.get(idOf(1))!.status).toBe('failed');
  expect(state.progress().failures.map(({ kind }) => kind)).toEqual(['canceled', 'canceled']);
});
