/**
 * An experiment: conditions x seeds as runs in a sliding window. Its runs go on while it continues as new, so the window is always
 * full; who they are and what they have been told is carried over.
 */
import {
  CancellationScope,
  allHandlersFinished,
  condition,
  isCancellation,
  log,
  setHandler,
  startChild,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { Digest } from '../common/canonical.js';
import { summary } from '../common/summary.js';
import { expand } from '../spec/expand.js';
import { stepMembers } from '../spec/members.js';
import { abandonedChildOf } from './child.js';
import type { ExperimentInput, ExperimentResult, RunGoing } from './contract.js';
import {
  SEARCH_ATTRIBUTES,
  checkSignal,
  endedSignal,
  experimentProgressQuery,
  extendUpdate,
  pauseUpdate,
  resumeUpdate,
  runWorkflowId,
} from './contract.js';
import { ExperimentRuns } from './experiment-runs.js';
import { ExperimentState } from './experiment-state.js';
import { allRunsFailed, describeFailure, refusal } from './failure.js';
import { SEVERAL_LOOKS, goOnward, hasOtherVersion, isLong } from './onward.js';
import { enginesOf, recordsOn } from './proxies.js';
import { isEnding } from './report.js';
import { checkExtension, run } from './run.js';

export async function experiment(input: ExperimentInput): Promise<ExperimentResult> {
  const { plan, document, store, carried } = input;
  const plans = expand(plan);
  const ids = plans.map(({ id }) => id);
  const state = new ExperimentState(ids, plan.generations, carried);
  const records = recordsOn(plan.execution.queues.cpu);

  // One after the other, so that the newest is the last.
  let recorded = Promise.resolve<Digest | undefined>(carried?.digest);
  let recording = 0;
  const recordPlan = () => {
    recording++;
    recorded = recorded
      .catch(() => undefined)
      .then(() => records.recordPlan({ store, document, plan: { ...plan, generations: state.generations } }))
      .finally(() => recording--);
    return recorded;
  };
  const start = ({ index, turn, paused, generations }: RunGoing) => {
    const runPlan = { ...plans[index], generations };
    const startedBy = { experiment: plan.name, index, turn };
    return startChild(run, {
      ...abandonedChildOf(plan.name),
      workflowId: runWorkflowId(plan.name, runPlan.id),
      staticSummary: summary('run', runPlan.id),
      args: [{ plan: runPlan, digest, store, engines, paused, startedBy, eventLimit: input.eventLimit }],
      typedSearchAttributes: [
        { key: SEARCH_ATTRIBUTES.experiment, value: plan.name },
        { key: SEARCH_ATTRIBUTES.run, value: runPlan.id },
        { key: SEARCH_ATTRIBUTES.condition, value: runPlan.condition },
        { key: SEARCH_ATTRIBUTES.seed, value: runPlan.seed },
        { key: SEARCH_ATTRIBUTES.generation, value: 0 },
      ],
    });
  };
  const workflowId = (index: number) => runWorkflowId(plan.name, ids[index]);
  const runs = new ExperimentRuns(state, { workflowId, start }, carried?.checked);
  answer(plan.name, state, runs, recordPlan);

  upsertSearchAttributes([
    { key: SEARCH_ATTRIBUTES.experiment, value: plan.name },
    { key: SEARCH_ATTRIBUTES.phase, value: 'running' },
  ]);
  const digest = carried?.digest ?? (await recordPlan());
  // Asked once: which machine asked for a step must not be seen in what the steps leave.
  const engines =
    stepMembers(plan).length === 0 ? undefined : (carried?.engines ?? (await enginesOf(plan, { store, plan: digest })));

  // looked at beside the window, which is not to wait for it
  let [looking, otherVersion] = [false, false];
  const look = async () => {
    if (looking || !workflowInfo().targetWorkerDeploymentVersionChanged) return;
    looking = true;
    otherVersion = await hasOtherVersion(SEVERAL_LOOKS);
    looking = false;
  };
  const goOnwardWhereDue = async () => {
    void CancellationScope.nonCancellable(look);
    const due = otherVersion || isLong(input.eventLimit);
    otherVersion = false;
    if (!due) return;
    await condition(() => runs.quiet && allHandlersFinished());
    if (state.isOver || recording > 0) return; // whom a document waits for may be away for long: at the next occasion
    await goOnward<typeof experiment>({ ...input, carried: { ...state.carried(), digest, engines, checked: runs.checked } });
  };
  const slide = async () => {
    while (!state.isOver) {
      const seen = state.changes;
      runs.fill(plan.execution.concurrency ?? plans.length);
      await condition(() => state.changes !== seen || otherVersion);
      await goOnwardWhereDue();
    }
  };

  void runs.keepChecking(input.checkSeconds);
  try {
    await slide();
  } catch (error) {
    if (isCancellation(error)) await runs.cancel(); // an experiment ends after its last run
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

/** What an operator may ask of an experiment, and what its runs tell it. */
function answer(name: string, state: ExperimentState, runs: ExperimentRuns, recordPlan: () => Promise<unknown>): void {
  const refuse = (message: string) => {
    throw refusal(message);
  };
  const setPaused = async (paused: boolean) => {
    state.setPaused(paused);
    await runs.tell();
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
      await runs.tell();
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
  // Signals come from whoever can reach the server: one that makes no sense is ignored, or it would fail every task from now on.
  setHandler(
    endedSignal,
    (value: unknown) => {
      if (!isEnding(value)) log.warn('a signal that makes no sense is ignored', { experiment: name, signal: endedSignal.name });
      else if (value.result) state.ended(value.index, value.turn, value.result);
      else state.broke(value.index, value.turn, value.failure!);
    },
    { description: 'From a run: its result, or why there is none.' },
  );
  setHandler(checkSignal, () => runs.check(), { description: 'Ask all runs under way whether they are there.' });
  setHandler(experimentProgressQuery, () => state.progress());
}
