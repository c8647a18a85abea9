/**
 * An experiment: conditions x seeds as child runs in a sliding window. When history grows long it lets the window run empty and
 * continues as new, so children always have a living parent and cancellation needs no bookkeeping.
 */
import {
  CancellationScope,
  allHandlersFinished,
  condition,
  isCancellation,
  setHandler,
  startChild,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { ChildWorkflowHandle } from '@temporalio/workflow';
import type { Digest } from '../common/canonical.js';
import { expand } from '../spec/expand.js';
import { childOf } from './child.js';
import type { ExperimentInput, ExperimentResult } from './contract.js';
import {
  SEARCH_ATTRIBUTES,
  experimentProgressQuery,
  extendUpdate,
  pauseUpdate,
  resumeUpdate,
  runWorkflowId,
  setGenerationsSignal,
  setPausedSignal,
} from './contract.js';
import { ExperimentState } from './experiment-state.js';
import { allRunsFailed, describeFailure, refusal } from './failure.js';
import { goOnward, isLong } from './onward.js';
import { enginesOf, recordsOn } from './proxies.js';
import { checkExtension, run } from './run.js';

export async function experiment(input: ExperimentInput): Promise<ExperimentResult> {
  const { plan, document, store, carried } = input;
  const runs = expand(plan);
  const ids = runs.map(({ id }) => id);
  const state = new ExperimentState(ids, plan.generations, carried);
  const children = new Map<number, ChildWorkflowHandle<typeof run>>();
  const records = recordsOn(plan.execution.queues.cpu);

  const tellRuns = async () => {
    const told = state.news().map(async ({ index, paused, generations }) => {
      const child = children.get(index)!;
      if (paused !== undefined) await child.signal(setPausedSignal, paused);
      if (generations !== undefined) await child.signal(setGenerationsSignal, generations);
    });
    await Promise.allSettled(told); // one that has just ended says in its result how far it came
  };
  // One after the other, so that the newest is the last.
  let recorded = Promise.resolve<Digest | undefined>(carried?.digest);
  const recordPlan = () =>
    (recorded = recorded
      .catch(() => undefined)
      .then(() => records.recordPlan({ store, document, plan: { ...plan, generations: state.generations } })));
  answer(plan.name, state, tellRuns, recordPlan);

  upsertSearchAttributes([
    { key: SEARCH_ATTRIBUTES.experiment, value: plan.name },
    { key: SEARCH_ATTRIBUTES.phase, value: 'running' },
  ]);
  const digest = carried?.digest ?? (await recordPlan());
  // Asked once: which machine asked for a step must not be seen in what the steps leave.
  const engines = plan.kind === 'simulation' ? undefined : (carried?.engines ?? (await enginesOf(plan, { store, plan: digest })));

  const go = async ({ index, paused, generations }: NonNullable<ReturnType<ExperimentState['begin']>>) => {
    const runPlan = { ...runs[index], generations };
    try {
      const child = await startChild(run, {
        ...childOf(plan.name),
        workflowId: runWorkflowId(plan.name, runPlan.id),
        args: [{ plan: runPlan, digest, store, engines, paused, eventLimit: input.eventLimit }],
        typedSearchAttributes: [
          { key: SEARCH_ATTRIBUTES.experiment, value: plan.name },
          { key: SEARCH_ATTRIBUTES.run, value: runPlan.id },
          { key: SEARCH_ATTRIBUTES.condition, value: runPlan.condition },
          { key: SEARCH_ATTRIBUTES.seed, value: runPlan.seed },
          { key: SEARCH_ATTRIBUTES.generation, value: 0 },
        ],
      });
      children.set(index, child);
      state.started(index);
      await tellRuns(); // what was asked while it was starting
      state.ended(index, await child.result());
    } catch (error) {
      state.broke(index, describeFailure(error));
    }
    children.delete(index);
  };
  const slide = async () => {
    for (;;) {
      const seen = state.changes;
      if (state.hasMore && isLong(input.eventLimit)) {
        await condition(() => state.going === 0 && allHandlersFinished());
        await recorded.catch(() => undefined);
        await goOnward<typeof experiment>({ ...input, carried: { ...state.carried(), digest, engines } });
      }
      const atATime = plan.execution.concurrency ?? runs.length;
      for (let next = state.begin(atATime); next; next = state.begin(atATime)) void go(next);
      if (state.isOver) return;
      await condition(() => state.changes !== seen);
    }
  };

  try {
    await slide();
  } catch (error) {
    // Cancelled: the runs have been asked to stop; an experiment ends after its last run.
    if (isCancellation(error)) await CancellationScope.nonCancellable(() => condition(() => state.going === 0));
    throw error;
  }
  state.finish();
  await condition(allHandlersFinished);
  await recorded.catch(() => undefined); // noted where it was asked for
  const result = state.result();
  upsertSearchAttributes([{ key: SEARCH_ATTRIBUTES.phase, value: result.status }]);
  if (result.status === 'failed') throw allRunsFailed(result);
  return result;
}

/** What an operator may ask of an experiment. */
function answer(name: string, state: ExperimentState, tellRuns: () => Promise<void>, recordPlan: () => Promise<unknown>): void {
  const refuse = (message: string) => {
    throw refusal(message);
  };
  const setPaused = async (paused: boolean) => {
    state.setPaused(paused);
    await tellRuns();
  };
  setHandler(pauseUpdate, () => setPaused(true), {
    description: 'Start no further run, and pause the running ones before their next step.',
    validator: () =>
      void ((state.finished && refuse(`${name} has finished`)) || (state.paused && refuse(`${name} is paused already`))),
  });
  setHandler(resumeUpdate, () => setPaused(false), {
    description: 'Go on after a pause.',
    validator: () => void (!state.paused && refuse(`${name} is not paused`)),
  });
  setHandler(
    extendUpdate,
    async (n) => {
      state.extend(n);
      // whoever asks is not to wait for a document: there may be no worker yet that writes it
      recordPlan().catch((error: unknown) => state.note({ run: name, what: 'record', ...describeFailure(error) }));
      await tellRuns();
      return n;
    },
    {
      description: 'Raise the last generation of every run.',
      validator: (n) => {
        if (state.finished) refuse(`${name} has finished`);
        checkExtension(n, state.generations);
      },
    },
  );
  setHandler(experimentProgressQuery, () => state.progress());
}
