/**
 * A run: one chain of generations under one condition and one seed. It survives anything: it holds references and small
 * numbers only, continues as new between generations, and every step it asks for is keyed and memoised. What is beside the chain,
 * evaluations and documents, never holds it up and never ends it.
 */
import {
  CancellationScope,
  CancelledFailure,
  allHandlersFinished,
  condition,
  executeChild,
  isCancellation,
  log,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { PrepareDataInput, PrepareInput, StepPlace, StepResult } from '../activities/types.js';
import { summary } from '../common/summary.js';
import type { MixedStepMember, RunPlan, StepMember } from '../spec/plan.js';
import { stepKind } from '../spec/members.js';
import { membersAt } from '../spec/phases.js';
import { placementKey, placementOf } from '../spec/placement.js';
import { Batches } from './batches.js';
import { Beside } from './beside.js';
import { childOf } from './child.js';
import type { EvaluationSubject, RunInput, RunProblem, RunProgress, RunResult } from './contract.js';
import {
  SEARCH_ATTRIBUTES,
  checkSignal,
  evaluateWorkflowId,
  extendUpdate,
  pauseUpdate,
  resumeUpdate,
  runProgressQuery,
  setGenerationsSignal,
  setPausedSignal,
} from './contract.js';
import { evaluate } from './evaluate.js';
import { damagedInput, describeFailure, refusal } from './failure.js';
import { generationOf, memberGeneration, scoreInput } from './generation.js';
import { goOnward, shouldGoOnward } from './onward.js';
import { perform, stepsOn } from './proxies.js';
import { reported } from './report.js';
import { RunRecords, placeOf } from './run-records.js';
import { MOST_GENERATIONS, RunState, isLastGeneration } from './run-state.js';
import { moveChains } from './chains.js';

/** So often a run goes over everything once more because a result was found damaged. */
const HEALS = 2;
/** So many members' generations, at most, are evaluated by one workflow; its input holds them all. */
const MEMBERS_AT_ONCE = 50;

export function run(input: RunInput): Promise<RunResult> {
  return reported(input, () => chain(input));
}

async function chain(input: RunInput): Promise<RunResult> {
  const { plan, store } = input;
  const { execution } = plan;
  const stepsFor = (member?: MixedStepMember) =>
    stepsOn({ ...execution.queues, engine: placementOf(execution, member).queue }, execution.heartbeatSeconds);
  const state = new RunState(plan.generations, input.paused, input.carried, plan.until);
  const records = new RunRecords(input, state);
  const beside = new Beside();
  const evaluations = new Batches<EvaluationSubject>(MEMBERS_AT_ONCE);
  answer(plan.id, state);

  const enter = (phase: RunProgress['phase']) => {
    state.enter(phase);
    upsertSearchAttributes([
      { key: SEARCH_ATTRIBUTES.phase, value: phase },
      { key: SEARCH_ATTRIBUTES.generation, value: state.progress().generation },
    ]);
  };
  const place = (generation: number, name: string, member?: MixedStepMember): StepPlace => {
    const placement = placementOf(execution, member);
    const engine = input.engines?.[placementKey(placement)];
    return {
      store,
      seed: plan.seed,
      generation,
      member: name,
      checkpointSeconds: execution.checkpointSeconds,
      device: placement.device,
      ...(engine === undefined ? {} : { engine }),
      ...(input.heals ? { deep: true } : {}),
    };
  };
  const step = async <R extends StepResult>(name: string, call: () => Promise<R>): Promise<R> => {
    await condition(() => !state.paused);
    state.began(name);
    try {
      const result = await call();
      state.counted(result.cached);
      if (!result.cached) evaluateWaiting();
      return result;
    } finally {
      state.left(name);
    }
  };
  /** an artifact that was believed, and found damaged when a step read it */
  let damaged: string | undefined;
  const noting = (what: RunProblem['what'], generation: number) => (error: unknown) => {
    damaged ??= damagedInput(error);
    const failure = describeFailure(error);
    log.warn('beside the chain something failed for good', { run: plan.id, what, generation, reason: failure.message });
    state.note({ what, generation, ...failure });
  };
  const leaveIfDue = async () => {
    if (!(await shouldGoOnward(input.eventLimit))) return;
    enter('scoring');
    await settled();
    await heal();
    await condition(allHandlersFinished);
    await goOnward<typeof run>({ ...input, paused: state.paused, carried: state.carried() });
  };

  /**
   * Goes over everything once more, from the first step on: each is remembered, but for the one whose output is damaged. This time
   * every file of theirs is hashed.
   */
  const heal = async () => {
    const heals = (input.heals ?? 0) + 1;
    if (damaged === undefined || heals > HEALS) return;
    log.warn('a result was found damaged when it was read; what made it is done anew', { run: plan.id, damaged });
    await condition(allHandlersFinished);
    const again = { ...plan, generations: state.generations };
    await goOnward<typeof run>({ ...input, plan: again, paused: state.paused, heals, carried: undefined });
  };

  const prepare = async (plan: RunPlan) => {
    enter('preparing');
    for (const member of plan.members) {
      const at = { ...place(0, ''), seed: 0 };
      const { outputs } = await step('prepare', () => stepsFor().prepare(prepareInput(plan, member, at)));
      const { train, valid, test, tokenizer, truth, base } = outputs;
      state.setMember(member.name, { prepared: { train, valid, test, tokenizer, truth, base } });
    }
  };
  const generation = async (plan: RunPlan) => {
    const t = state.next;
    enter('running');
    const results = await generationOf(plan, t, state.members, (member, states) =>
      perform(memberGeneration(plan, member, place(t, member.name, member), states), stepsFor(member), step),
    );
    for (const [name, { state: after }] of Object.entries(results)) state.setMember(name, after);
    const left = Object.fromEntries(Object.entries(results).map(([name, { index }]) => [name, index]));
    beside.add(records.generation(t, left), noting('record', t));
    const subjects = membersAt(plan, t).map((member) => ({
      of: results[member.name].index.generated!.digest,
      queue: placementOf(execution, member).queue,
      input: { place: place(t, member.name, member), ...scoreInput(member, plan, results[member.name]) },
    }));
    evaluations.add(subjects);
    const remembered = Object.values(results).every(({ index }) => Object.values(index.steps).every(({ cached }) => cached));
    if (!remembered || evaluations.full) evaluateWaiting();
    state.reach(t);
  };
  /** At once where something was computed; generations that are remembered come together, and are not a workflow each. */
  const evaluateWaiting = () => {
    if (evaluations.begin()) beside.add(evaluateAll(), noting('score', state.progress().generation));
  };
  const settled = async () => {
    evaluateWaiting();
    await beside.settled();
  };
  const evaluateAll = async () => {
    for (let subjects = evaluations.next(); subjects !== undefined; subjects = evaluations.next()) {
      await condition(() => !state.paused);
      const generations = [...new Set(subjects.map(({ input }) => input.place.generation))];
      await evaluateSome(generations[0], subjects).catch((error: unknown) => {
        if (isCancellation(error)) throw error;
        for (const t of generations) noting('score', t)(error);
      });
    }
  };
  const evaluateSome = async (generation: number, subjects: readonly EvaluationSubject[]) => {
    state.began('score');
    try {
      const found = await executeChild(evaluate, {
        ...childOf(plan.experiment),
        workflowId: evaluateWorkflowId(workflowInfo().workflowId, generation),
        staticSummary: summary('evaluate', plan.id, generationsOf(subjects)),
        args: [{ place: placeOf(input), store, execution: plan.execution, subjects }],
        typedSearchAttributes: [
          { key: SEARCH_ATTRIBUTES.experiment, value: plan.experiment },
          { key: SEARCH_ATTRIBUTES.run, value: plan.id },
          { key: SEARCH_ATTRIBUTES.generation, value: generation },
        ],
      });
      damaged ??= found.damaged;
      state.evaluated(found);
    } finally {
      state.left('score');
    }
  };

  try {
    if (plan.kind === undefined && !input.carried) await prepare(plan);
    if (!input.carried) await records.status('running');
    // again, where there are to be more generations when the last one has been scored and told of
    do {
      if (plan.kind === 'chains') {
        await moveChains(plan, state, {
          steps: stepsFor(),
          step,
          place,
          enter: () => enter('running'),
          leaveIfDue,
          record: (from, to, members) => beside.add(records.generation(from, members, to), noting('record', from)),
        });
      } else {
        while (state.hasMore) {
          await generation(plan);
          if (state.hasMore) await leaveIfDue();
        }
      }
      enter('scoring');
      await settled();
      await heal();
      if (state.hasMore) continue;
      beside.add(records.status('done'), noting('record', state.generations));
      await settled();
    } while (state.hasMore);
  } catch (error) {
    if (isContinueAsNew(error)) throw error;
    const canceled = isCancellation(error);
    damaged ??= damagedInput(error);
    if (!canceled && damaged !== undefined) {
      await settled().catch(() => undefined);
      await heal();
    }
    await CancellationScope.nonCancellable(async () => {
      await records
        .status(canceled ? 'canceled' : 'failed', canceled ? undefined : describeFailure(error).message)
        .catch(() => undefined); // the reason why it ended says more
      await (canceled ? beside.settled() : settled()).catch(() => undefined); // evaluations of what there is
    });
    if (canceled) throw new CancelledFailure(`${plan.id} was cancelled`);
    throw error;
  }
  state.finish();
  enter('done');
  return state.result();
}

/** What an operator, and the experiment, may ask of a run. */
function answer(id: string, state: RunState): void {
  const refuse = (message: string) => {
    throw refusal(message);
  };
  setHandler(pauseUpdate, () => state.setPaused(true), {
    description: 'Stop before the next step; the step under way goes on.',
    validator: () =>
      void ((state.finished && refuse(`${id} has finished`)) || (state.paused && refuse(`${id} is paused already`))),
  });
  setHandler(resumeUpdate, () => state.setPaused(false), {
    description: 'Go on after a pause.',
    validator: () => void (!state.paused && refuse(`${id} is not paused`)),
  });
  setHandler(
    extendUpdate,
    (n) => {
      state.extend(n);
      return state.generations;
    },
    {
      description: 'Raise the last generation.',
      validator: (n) => {
        if (state.finished) refuse(`${id} has finished`);
        if (state.generations === state.until) refuse(`${id} ends with generation ${state.until}, as its condition says`);
        checkExtension(n, state.generations);
      },
    },
  );
  // Signals come from whoever can reach the server: one that makes no sense is ignored, or it would fail every task from now on.
  setHandler(
    setPausedSignal,
    (value: unknown) => {
      if (typeof value === 'boolean') state.setPaused(value);
      else log.warn('a signal that makes no sense is ignored', { run: id, signal: setPausedSignal.name });
    },
    { description: 'From the experiment: pause or resume.' },
  );
  setHandler(
    setGenerationsSignal,
    (value: unknown) => {
      if (isLastGeneration(value)) state.extend(value);
      else log.warn('a signal that makes no sense is ignored', { run: id, signal: setGenerationsSignal.name });
    },
    { description: 'From the experiment: the new last generation.' },
  );
  setHandler(checkSignal, () => undefined, {
    description: 'From the experiment, which sees from its arrival that the run is there.',
  });
  setHandler(runProgressQuery, () => state.progress());
}

/** `generation 3`, `generations 3 to 7` */
function generationsOf(subjects: readonly EvaluationSubject[]): string {
  const all = subjects.map(({ input }) => input.place.generation);
  const [from, to] = [Math.min(...all), Math.max(...all)];
  return from === to ? `generation ${from}` : `generations ${from} to ${to}`;
}

function prepareInput(plan: RunPlan, member: StepMember, place: StepPlace): PrepareInput {
  const { data, sources, claims } = plan;
  const common = { place, sources, claims };
  if (!('tokenizer' in member)) {
    const kind = stepKind(member) as PrepareDataInput['kind'];
    return { kind, data: data[kind]!, ...common };
  }
  return { kind: 'text', data: data.text!, tokenizer: member.tokenizer, base: member.base, ...common };
}

/** Refuses anything but a whole number above the present last generation, up to the most that there may be. */
export function checkExtension(n: unknown, present: number): void {
  if (!isLastGeneration(n) || n <= present)
    throw refusal(
      `cannot extend to ${JSON.stringify(n)} generations: give a whole number above ${present}, at most ${MOST_GENERATIONS}`,
    );
}

function isContinueAsNew(error: unknown): boolean {
  return error instanceof Error && error.name === 'ContinueAsNew';
}
