/**
 * An experiment: conditions x seeds as child runs in a sliding window. When history grows long it lets the window run empty and
 * continues as new, so children always have a living parent and cancellation needs no bookkeeping.
 */
import { ApplicationFailure, ChildWorkflowFailure } from '@temporalio/common';
import {
  CancellationScope,
  ParentClosePolicy,
  WorkflowIdReusePolicy,
  allHandlersFinished,
  condition,
  continueAsNew,
  executeChild,
  getExternalWorkflowHandle,
  isCancellation,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { expand } from '../spec/expand.js';
import type { ExperimentInput, ExperimentProgress, ExperimentResult, RunFailure } from './contract.js';
import {
  QUEUES,
  SEARCH_ATTRIBUTES,
  experimentProgressQuery,
  extendUpdate,
  pauseUpdate,
  resumeUpdate,
  runWorkflowId,
  setGenerationsSignal,
  setPausedSignal,
} from './contract.js';
import { recordsOn } from './proxies.js';
import { checkExtension, run, sentenceOf } from './run.js';

const FAILURES_KEPT = 10;

export async function experiment(input: ExperimentInput): Promise<ExperimentResult> {
  const { plan, store, carried } = input;
  const runs = expand(plan);
  const total = runs.length;
  let generations = carried?.generations ?? plan.generations;
  let paused = carried?.paused ?? false;
  let next = carried?.next ?? 0;
  let computed = carried?.steps.computed ?? 0;
  let reused = carried?.steps.reused ?? 0;
  const failures: RunFailure[] = [...(carried?.failures ?? [])];
  const failed = new Set<number>(carried?.failed);
  /** finished run -> the generation it reached; what came before a continue-as-new is one entry, `earlier` */
  const reached = new Map<number, number>();
  let earlier = carried && { runs: carried.next, generations: carried.generations };
  const running = new Map<number, string>();
  let finished = false;
  /** counts what the main loop has to look at again */
  let changes = 0;

  const refuse = (message: string) => {
    throw ApplicationFailure.create({ type: 'habsburg.invalid', message });
  };
  const tellRuns = (tell: (id: string) => Promise<void>) =>
    Promise.all([...running.values()].map((id) => tell(runWorkflowId(plan.name, id)).catch(() => undefined)));
  const setPaused = async (value: boolean) => {
    paused = value;
    changes++;
    await tellRuns((id) => getExternalWorkflowHandle(id).signal(setPausedSignal, value));
  };
  setHandler(pauseUpdate, () => setPaused(true), {
    description: 'Start no further run, and pause the running ones before their next step.',
    validator: () =>
      void ((finished && refuse(`${plan.name} has finished`)) || (paused && refuse(`${plan.name} is paused already`))),
  });
  setHandler(resumeUpdate, () => setPaused(false), {
    description: 'Go on after a pause.',
    validator: () => void (!paused && refuse(`${plan.name} is not paused`)),
  });
  setHandler(
    extendUpdate,
    async (n) => {
      generations = n;
      changes++;
      await tellRuns((id) => getExternalWorkflowHandle(id).signal(setGenerationsSignal, n));
      return n;
    },
    {
      description: 'Raise the last generation of every run.',
      validator: (n) => {
        if (finished) refuse(`${plan.name} has finished`);
        checkExtension(n, generations);
      },
    },
  );
  setHandler(experimentProgressQuery, (): ExperimentProgress => ({
    runs: total,
    done: next - running.size - failed.size,
    failed: failed.size,
    failures,
    running: [...running.values()],
    paused,
    generations,
    steps: { computed, reused },
  }));

  upsertSearchAttributes([
    { key: SEARCH_ATTRIBUTES.experiment, value: plan.name },
    { key: SEARCH_ATTRIBUTES.phase, value: 'running' },
  ]);
  const digest = carried?.digest ?? (await recordsOn(plan.execution.queues.cpu).recordPlan({ store, plan }));

  const start = (i: number) => {
    const runPlan = { ...runs[i], generations };
    running.set(i, runPlan.id);
    executeChild(run, {
      workflowId: runWorkflowId(plan.name, runPlan.id),
      taskQueue: QUEUES.workflow,
      args: [{ plan: runPlan, digest, store, eventLimit: input.eventLimit }],
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      typedSearchAttributes: [
        { key: SEARCH_ATTRIBUTES.experiment, value: plan.name },
        { key: SEARCH_ATTRIBUTES.run, value: runPlan.id },
        { key: SEARCH_ATTRIBUTES.condition, value: runPlan.condition },
        { key: SEARCH_ATTRIBUTES.seed, value: runPlan.seed },
        { key: SEARCH_ATTRIBUTES.generation, value: 0 },
      ],
    })
      .then(
        (result) => {
          computed += result.steps.computed;
          reused += result.steps.reused;
          reached.set(i, result.generations);
        },
        (error: unknown) => {
          failed.add(i);
          if (failures.length < FAILURES_KEPT) failures.push({ run: runPlan.id, ...describeFailure(error) });
        },
      )
      .finally(() => {
        running.delete(i);
        changes++;
      });
  };

  /** Runs that ended before `generations` was raised go once more; their finished steps are memoised. */
  const tooShort = (): number[] => {
    if (earlier && generations > earlier.generations) {
      for (let i = 0; i < earlier.runs; i++) if (!failed.has(i)) reached.set(i, earlier.generations);
      earlier = undefined;
    }
    return [...reached].filter(([, generation]) => generation < generations).map(([i]) => i);
  };

  try {
    await slide();
  } catch (error) {
    // Cancelled: the runs have been asked to stop; an experiment ends after its last run.
    if (isCancellation(error)) await CancellationScope.nonCancellable(() => condition(() => running.size === 0));
    throw error;
  }
  finished = true;
  await condition(allHandlersFinished);
  upsertSearchAttributes([
    { key: SEARCH_ATTRIBUTES.phase, value: failed.size === 0 ? 'done' : failed.size < total ? 'partly failed' : 'failed' },
  ]);
  return { runs: total, failed: failed.size, failures, steps: { computed, reused }, generations };

  async function slide(): Promise<void> {
    for (;;) {
      const seen = changes;
      const { continueAsNewSuggested, historyLength } = workflowInfo();
      const long = input.eventLimit ? historyLength >= input.eventLimit : continueAsNewSuggested;
      if (long && next < total) {
        await condition(() => running.size === 0 && allHandlersFinished());
        await continueAsNew<typeof experiment>({
          ...input,
          carried: { digest, generations, paused, next, failed: [...failed], failures, steps: { computed, reused } },
        });
      }
      const waiting = tooShort();
      while (!paused && running.size < (plan.execution.concurrency ?? total)) {
        if (next < total) start(next++);
        else if (waiting.length > 0) {
          const i = waiting.shift()!;
          reached.delete(i);
          start(i);
        } else break;
      }
      if (running.size === 0 && next >= total && waiting.length === 0) break;
      await condition(() => changes !== seen);
    }
  }
}

function describeFailure(error: unknown): Omit<RunFailure, 'run'> {
  if (isCancellation(error)) return { kind: 'canceled', message: 'cancelled' };
  const cause = error instanceof ChildWorkflowFailure ? error.cause : error;
  let innermost: unknown = cause;
  while (innermost instanceof Error && innermost.cause instanceof ApplicationFailure) innermost = innermost.cause;
  const kind = innermost instanceof ApplicationFailure ? (innermost.type?.replace('habsburg.', '') ?? 'failed') : 'failed';
  return { kind, message: sentenceOf(cause) };
}
