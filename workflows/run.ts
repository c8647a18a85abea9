/**
 * A run: one chain of generations under one condition and one seed. It survives anything: it holds references and small
 * numbers only, continues as new between generations, and every step it asks for is keyed and memoised.
 */
import {
  CancelledFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  isCancellation,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { ActivityFailure, ApplicationFailure } from '@temporalio/common';
import { CancellationScope } from '@temporalio/workflow';
import type { PrepareInput, StepPlace, StepResult } from '../activities/types.js';
import type { ArtifactRef } from '../artifacts/types.js';
import type { Digest } from '../common/canonical.js';
import type { AnyMemberPlan, AnyMixedMember, MemberPlan, RunPlan } from '../spec/plan.js';
import type { SimulationRunPlan } from '../spec/simulation/plan.js';
import type { EvaluationDocument, MemberIndex, ResultDocument, RunDocument } from '../spec/documents.js';
import type { MemberState, RunCarried, RunInput, RunProgress, RunResult } from './contract.js';
import {
  SEARCH_ATTRIBUTES,
  extendUpdate,
  pauseUpdate,
  resumeUpdate,
  runProgressQuery,
  setGenerationsSignal,
  setPausedSignal,
} from './contract.js';
import type { GenerationResult } from './generation.js';
import { generationOf, memberGeneration, scoreInput } from './generation.js';
import type { Steps } from './proxies.js';
import { perform, recordsOn, stepsOn } from './proxies.js';
import { simulateGenerations } from './simulation.js';

export async function run(input: RunInput): Promise<RunResult> {
  const { plan, store, carried } = input;
  const { queues } = plan.execution;
  const device = plan.kind === 'simulation' ? undefined : plan.execution.device;
  const steps = stepsOn(queues, plan.execution.heartbeatSeconds);
  const records = recordsOn(queues.cpu);

  let paused = input.paused ?? false;
  let generations = carried?.generations ?? plan.generations;
  let phase: RunProgress['phase'] = 'starting';
  let next = carried?.next ?? 0;
  let computed = carried?.steps.computed ?? 0;
  let reused = carried?.steps.reused ?? 0;
  let finished = false;
  const active: string[] = [];
  const members: Record<string, MemberState> = { ...carried?.members };

  // -- what an operator may ask ------------------------------------------------------------------------------------------------
  const refuseFinished = () => {
    if (finished) throw ApplicationFailure.create({ type: 'habsburg.invalid', message: `${plan.id} has finished` });
  };
  setHandler(pauseUpdate, () => void (paused = true), {
    description: 'Stop before the next step; the step under way goes on.',
    validator: () => {
      refuseFinished();
      if (paused) throw ApplicationFailure.create({ type: 'habsburg.invalid', message: `${plan.id} is paused already` });
    },
  });
  setHandler(resumeUpdate, () => void (paused = false), {
    description: 'Go on after a pause.',
    validator: () => {
      if (!paused) throw ApplicationFailure.create({ type: 'habsburg.invalid', message: `${plan.id} is not paused` });
    },
  });
  setHandler(extendUpdate, (n) => (generations = n), {
    description: 'Raise the last generation.',
    validator: (n) => {
      refuseFinished();
      checkExtension(n, generations);
    },
  });
  setHandler(setPausedSignal, (value) => void (paused = value), { description: 'From the experiment: pause or resume.' });
  setHandler(setGenerationsSignal, (n) => void (generations = Math.max(n, generations)), {
    description: 'From the experiment: the new last generation.',
  });
  setHandler(runProgressQuery, () => ({
    phase: paused && phase === 'running' ? 'paused' : phase,
    generation: Math.min(next, generations),
    generations,
    steps: [...active],
    counted: { computed, reused },
  }));

  // -- bookkeeping --------------------------------------------------------------------------------------------------------------
  const enter = (value: RunProgress['phase']) => {
    phase = value;
    upsertSearchAttributes([
      { key: SEARCH_ATTRIBUTES.phase, value },
      { key: SEARCH_ATTRIBUTES.generation, value: Math.min(next, generations) },
    ]);
  };
  const place = (member: string, generation: number): StepPlace => ({
    store,
    seed: plan.seed,
    generation,
    member,
    checkpointSeconds: plan.execution.checkpointSeconds,
    device,
  });
  const step = async (name: string, call: () => Promise<StepResult>): Promise<StepResult> => {
    await condition(() => !paused);
    active.push(name);
    try {
      const result = await call();
      if (result.cached) reused++;
      else computed++;
      return result;
    } finally {
      active.splice(active.indexOf(name), 1);
    }
  };
  const record = async (document: (place: { experiment: string; plan: Digest; run: string }) => ResultDocument) => {
    if (input.digest === undefined) return; // started by itself, for no experiment's results
    await records.record({
      store,
      device,
      document: document({ experiment: plan.experiment, plan: input.digest, run: plan.id }),
    });
  };
  const recordStatus = (status: RunDocument['status'], failure?: string) =>
    record((place) => ({
      schema: 'habsburg.run/v2',
      ...place,
      status,
      generations,
      ...(failure === undefined ? {} : { failure }),
      inputs: inputsOf(members),
    }));
  const recordGeneration = (generation: number, members: Readonly<Record<string, MemberIndex>>, to?: number) =>
    record((place) => ({
      schema: 'habsburg.generation/v1',
      ...place,
      generation,
      ...(to === undefined ? {} : { to }),
      members: { ...members },
    }));

  const isLong = () => {
    const { continueAsNewSuggested, historyLength } = workflowInfo();
    return input.eventLimit ? historyLength >= input.eventLimit : continueAsNewSuggested;
  };

  // -- the loop -----------------------------------------------------------------------------------------------------------------
  const loop = async (plan: RunPlan): Promise<RunResult> => {
    if (!carried) {
      enter('preparing');
      for (const member of plan.members) {
        const { outputs } = await step('prepare', () =>
          steps.prepare(prepareInput(plan, member, { ...place('', 0), seed: 0 })),
        );
        members[member.name] = {
          prepared: {
            train: outputs.train,
            valid: outputs.valid,
            test: outputs.test,
            tokenizer: outputs.tokenizer,
            truth: outputs.truth,
            base: outputs.base,
          },
        };
      }
      await recordStatus('running');
    }
    let scoring: Promise<void>[] = [];
    while (next <= generations) {
      const t = next;
      enter('running');
      const results = await generationOf(plan, members, (member, states) =>
        perform(memberGeneration(plan, member, place(member.name, t), states), steps, step),
      );
      for (const [name, { state }] of Object.entries(results)) members[name] = state;
      // Scores never hold up the chain; their failure is met when they are awaited.
      const recorded = recordGeneration(t, Object.fromEntries(Object.entries(results).map(([name, { index }]) => [name, index])));
      const scored = Promise.all([
        recorded,
        ...plan.members.map(async (member) => {
          const evaluation = await evaluate(plan, member, results[member.name], (input) =>
            step('score', () => steps.score({ place: place(member.name, t), ...input })),
          );
          await record((at) => ({ schema: 'habsburg.evaluation/v1', ...at, generation: t, member: member.name, ...evaluation }));
        }),
      ]).then(() => undefined);
      scored.catch(() => undefined);
      scoring.push(scored);
      next = t + 1;
      if (next > generations || isLong()) {
        enter('scoring');
        await Promise.all(scoring);
        scoring = [];
        await condition(allHandlersFinished);
        if (next <= generations) {
          const state: RunCarried = { next, generations, members, steps: { computed, reused } };
          await continueAsNew<typeof run>({ ...input, paused, carried: state });
        }
      }
    }
    return end();
  };
  const end = async (): Promise<RunResult> => {
    await recordStatus('done');
    finished = true;
    enter('done');
    return { generations, steps: { computed, reused } };
  };
  const simulation = async (plan: SimulationRunPlan): Promise<RunResult> => {
    if (!carried) await recordStatus('running');
    await simulateGenerations(
      plan,
      { next, chains: carried?.chains },
      {
        steps,
        step,
        place,
        generations: () => generations,
        record: (from, to, members) => recordGeneration(from, members, to),
        enter: (from) => {
          next = from;
          enter('running');
        },
        leaveIfLong: async (from: number, chains: ArtifactRef) => {
          if (!isLong()) return;
          await condition(allHandlersFinished);
          await continueAsNew<typeof run>({
            ...input,
            paused,
            carried: { next: from, generations, members, chains, steps: { computed, reused } },
          });
        },
      },
    );
    return end();
  };

  try {
    return await (plan.kind === 'simulation' ? simulation(plan) : loop(plan));
  } catch (error) {
    if (isContinueAsNew(error)) throw error;
    const canceled = isCancellation(error);
    await CancellationScope.nonCancellable(() =>
      recordStatus(canceled ? 'canceled' : 'failed', canceled ? undefined : sentenceOf(error)),
    ).catch(() => undefined);
    if (canceled) throw new CancelledFailure(`${plan.id} was cancelled`);
    throw error;
  }
}

function prepareInput(plan: RunPlan, member: AnyMemberPlan, place: StepPlace): PrepareInput {
  const { data, tokenizer } = plan;
  if (data.kind === 'images') return { place, data };
  return { place, data, tokenizer: tokenizer!, base: (member as MemberPlan).base };
}

/** Refuses anything but a whole number above the present last generation. */
export function checkExtension(n: number, present: number): void {
  if (!Number.isInteger(n) || n <= present || n > 1_000_000) {
    throw ApplicationFailure.create({
      type: 'habsburg.invalid',
      message: `cannot extend to ${n} generations: give a whole number above ${present}`,
    });
  }
}

async function evaluate(
  plan: RunPlan,
  member: AnyMixedMember,
  result: GenerationResult,
  score: (input: Omit<Parameters<Steps['score']>[0], 'place'>) => Promise<StepResult>,
): Promise<Pick<EvaluationDocument, 'of' | 'scores' | 'step'>> {
  const { key, cached, report, outputs } = await score(scoreInput(member, plan.metrics, result));
  return { of: result.state.written!.at(-1)!.set.digest, scores: outputs.scores, step: { key, cached, report: { ...report } } };
}

function inputsOf(members: Readonly<Record<string, MemberState>>): RunDocument['inputs'] {
  const inputs: NonNullable<RunDocument['inputs']> = {};
  for (const [name, { prepared }] of Object.entries(members)) {
    for (const [role, ref] of Object.entries(prepared))
      if (ref) inputs[Object.keys(members).length > 1 ? `${name}/${role}` : role] = ref;
  }
  return inputs;
}

function isContinueAsNew(error: unknown): boolean {
  return error instanceof Error && error.name === 'ContinueAsNew';
}

/** The innermost message of an activity's failure. */
export function sentenceOf(error: unknown): string {
  if (error instanceof ActivityFailure && error.cause) return error.cause.message;
  return error instanceof Error ? error.message : String(error);
}
